'use strict';
// What the checks of Table Store start from, and how they look at rows and refusals.

const assert = require('node:assert/strict');

const { TableStore, tableStore } = require('./environment');
const { afterwards, refusal, unique } = require('./harness');

const { Condition, RowExistenceExpectation } = TableStore;

/** The condition that a row need not meet anything. */
const IGNORE = new Condition(RowExistenceExpectation.IGNORE, null);

/** Asks of a write that the primary key of the row come back. */
const RETURN_KEY = { returnType: TableStore.ReturnType.Primarykey };

const long = (value) => TableStore.Long.fromString(String(value));

/** The parameters of a new table: `key` as `[name, type, option]`, all `options` but the usual ones left out. */
const tableParams = (tableName, key, options = {}) => ({
  tableMeta: { tableName, primaryKey: key.map(([name, type, option]) => ({ name, type, option })) },
  reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
  tableOptions: { timeToLive: -1, maxVersions: 1, ...options },
});

/** Creates a table, which goes after the check: an instance has 64 at most. */
const createTable = async (client, params) => {
  await client.createTable(params);
  const { tableName } = params.tableMeta;
  afterwards(async () => {
    const { tableNames } = await client.listTable({});
    if (tableNames.includes(tableName)) {
      await client.deleteTable({ tableName });
    }
  });
};

/** A table of its own, with a key column `pk` of strings unless `key` says otherwise, and calls on it. */
const newTable = async (options = {}, key = [['pk', 'STRING']]) => {
  const tableName = unique('node_table_');
  const client = tableStore();
  await createTable(client, tableParams(tableName, key, options));
  return new Table(client, tableName, key.map(([name]) => name));
};

/** A table, with calls that take keys as arrays of values and columns as objects. */
class Table {
  constructor(client, name, keyNames) {
    Object.assign(this, { client, name, keyNames });
  }

  /** The key with these values, as the package takes it. */
  key(...values) {
    return values.map((value, index) => ({ [this.keyNames[index]]: value }));
  }

  put(key, columns, more = {}) {
    return this.client.putRow({
      tableName: this.name,
      condition: IGNORE,
      primaryKey: this.key(...key),
      attributeColumns: columnList(columns),
      ...more,
    });
  }

  update(key, updates, more = {}) {
    return this.client.updateRow({
      tableName: this.name,
      condition: IGNORE,
      primaryKey: this.key(...key),
      updateOfAttributeColumns: updates,
      ...more,
    });
  }

  remove(key, more = {}) {
    const primaryKey = this.key(...key);
    return this.client.deleteRow({ tableName: this.name, condition: IGNORE, primaryKey, ...more });
  }

  get(key, more = {}) {
    return this.client.getRow({ tableName: this.name, primaryKey: this.key(...key), ...more });
  }

  /** The columns of a row as an object of plain values, `undefined` without the row. */
  async read(key, more = {}) {
    const { row } = await this.get(key, more);
    return row.primaryKey && columnsOf(row);
  }

  /** The versions of a column that a read shows, newest first, as pairs of time and value. */
  async versions(key, column, more = { maxVersions: 100 }) {
    const { row } = await this.get(key, more);
    const cells = (row.attributes ?? []).filter(({ columnName }) => columnName === column);
    return cells.map(({ timestamp, columnValue }) => [timestamp.toNumber(), plain(columnValue)]);
  }

  range(start, end, more = {}) {
    return this.client.getRange({
      tableName: this.name,
      direction: TableStore.Direction.FORWARD,
      inclusiveStartPrimaryKey: this.key(...start),
      exclusiveEndPrimaryKey: this.key(...end),
      ...more,
    });
  }
}

const columnList = (columns) => Object.entries(columns).map(([name, value]) => ({ [name]: value }));

/** Integers as BigInt, everything else as it is: values that `deepEqual` tells apart. */
const plain = (value) => (
  typeof value === 'object' && !Buffer.isBuffer(value) ? BigInt(value.toString()) : value
);

const columnsOf = ({ attributes }) => (
  Object.fromEntries(attributes.map(({ columnName, columnValue }) => [columnName, plain(columnValue)]))
);

/** The values of a primary key that was read. */
const keyOf = (primaryKey) => primaryKey.map(({ value }) => plain(value));

/**
 * The call is refused. The package shows the HTTP status as the code and the undecoded error message, in
 * which the service's code and words stand as they are, followed by the request id.
 */
const assertRefused = async (promise, status, code, message = '') => {
  const error = await refusal(promise);
  assert.equal(error.code, status, error.stack);
  assert.ok(error.message.includes(code), error.message);
  assert.ok(error.message.includes(message), error.message);
  assert.match(error.message, / requestId:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
};

const assertInvalid = (promise, message) => assertRefused(promise, 400, 'OTSParameterInvalid', message);

module.exports = {
  IGNORE, RETURN_KEY, assertInvalid, assertRefused, columnsOf, createTable, keyOf, long, newTable, plain, tableParams,
};
