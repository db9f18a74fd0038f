'use strict';
// Puts, pulls, writes and reads for the suite that mixes languages: JSON lines in, JSON lines out.

const readline = require('node:readline');

const { Log, TableStore, logService, tableStore } = require('./environment');
const { pullAll } = require('./pull');

const { Long } = TableStore;

/** Rows in one BatchWriteRow: half of what the service takes. */
const ROWS_PER_BATCH = 100;

/** Puts to the shard of a hash key, where one is set: the package itself always leaves the choice to the service. */
class RoutedLog extends Log {
  _request(verb, project, path, queries, ...rest) {
    if (!this.hashKey) {
      return super._request(verb, project, path, queries, ...rest);
    }
    const routed = path.replace(/\/lb$/, '/route');
    return super._request(verb, project, routed, { key: this.hashKey }, ...rest);
  }
}

const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const lines = async function* () {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    yield JSON.parse(line);
  }
};

const put = async (project, logstore) => {
  const client = logService({}, RoutedLog);
  let count = 0;
  for await (const { hash_key: hashKey, topic, source, tags, logs } of lines()) {
    client.hashKey = hashKey;
    await client.postLogStoreLogs(project, logstore, {
      topic,
      source,
      tags: [tags],
      logs: logs.map(({ time, contents }) => ({ timestamp: time, content: Object.fromEntries(contents) })),
    });
    count += 1;
  }
  print({ put: count });
};

const pull = async (project, logstore) => {
  for await (const { shard, group } of pullAll(logService(), project, logstore)) {
    for (const log of group.Logs) {
      print({
        shard,
        time: log.Time,
        topic: group.Topic,
        source: group.Source,
        tags: Object.fromEntries(group.LogTags.map(({ Key, Value }) => [Key, Value])),
        contents: log.Contents.map(({ Key, Value }) => [Key, Value]),
      });
    }
  }
};

const fromText = {
  integer: (text) => Long.fromString(text),
  double: (text) => Number(text),
  boolean: (text) => text === 'true',
  string: (text) => text,
  binary: (text) => Buffer.from(text, 'base64'),
};

const column = ([name, type, text]) => ({ [name]: fromText[type](text) });

/** Type and text of a value that was read: numbers are doubles, the package has a class for integers. */
const toText = (value) => {
  switch (typeof value) {
    case 'number': return ['double', doubleText(value)];
    case 'boolean': return ['boolean', String(value)];
    case 'string': return ['string', value];
    default: return Buffer.isBuffer(value)
      ? ['binary', value.toString('base64')]
      : ['integer', value.toString()];
  }
};

const doubleText = (value) => (Object.is(value, -0) ? '-0.0' : String(value));

const write = async (table) => {
  const client = tableStore();
  const rows = [];
  for await (const { key, columns } of lines()) {
    rows.push({
      type: 'PUT',
      condition: new TableStore.Condition(TableStore.RowExistenceExpectation.IGNORE, null),
      primaryKey: key.map(column),
      attributeColumns: columns.map(column),
    });
  }
  for (let start = 0; start < rows.length; start += ROWS_PER_BATCH) {
    const batch = rows.slice(start, start + ROWS_PER_BATCH);
    const answer = await client.batchWriteRow({ tables: [{ tableName: table, rows: batch }] });
    for (const row of answer.tables) {
      if (!row.isOk) {
        throw new Error(`a row was refused: ${row.errorCode} ${row.errorMessage}`);
      }
    }
  }
  print({ written: rows.length });
};

const read = async (table) => {
  const client = tableStore();
  const { tableMeta } = await client.describeTable({ tableName: table });
  const bound = (value) => tableMeta.primaryKey.map(({ name }) => ({ [name]: value }));
  let start = bound(TableStore.INF_MIN);
  while (start) {
    const { rows, nextStartPrimaryKey: next } = await client.getRange({
      tableName: table,
      direction: TableStore.Direction.FORWARD,
      inclusiveStartPrimaryKey: start,
      exclusiveEndPrimaryKey: bound(TableStore.INF_MAX),
    });
    for (const { primaryKey, attributes } of rows) {
      const columns = attributes.map(({ columnName, columnValue }) => [columnName, ...toText(columnValue)]);
      columns.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      print({ key: primaryKey.map(({ name, value }) => [name, ...toText(value)]), columns });
    }
    start = next && next.map(({ name, value }) => ({ [name]: value }));
  }
};

const main = ([command, ...rest]) => {
  const [run, arity] = { put: [put, 2], pull: [pull, 2], write: [write, 1], read: [read, 1] }[command] ?? [];
  if (!run || rest.length !== arity) {
    throw new Error('usage: peer {put|pull} PROJECT LOGSTORE, peer {write|read} TABLE');
  }
  return run(...rest);
};

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
