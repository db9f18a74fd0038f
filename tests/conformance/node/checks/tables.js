'use strict';
// Tables: create, describe, list, change, delete.

const assert = require('node:assert/strict');

const { TableStore, tableStore } = require('../environment');
const { unique } = require('../harness');
const { assertInvalid, assertRefused, createTable, newTable, tableParams } = require('../table-fixtures');

const NO_TABLE = [404, 'OTSObjectNotExist', 'Requested table does not exist.'];

module.exports = {
  async table_created_and_described() {
    const client = tableStore();
    const tableName = unique('node_table_');
    const key = [['a', 'STRING'], ['b', 'INTEGER'], ['c', 'BINARY'], ['d', 'INTEGER', 'AUTO_INCREMENT']];
    const options = { timeToLive: 86400, maxVersions: 3, maxTimeDeviation: 1000 };
    const params = tableParams(tableName, key, options);
    params.tableMeta.definedColumn = [
      { name: 'i', type: TableStore.DefinedColumnType.DCT_INTEGER },
      { name: 's', type: TableStore.DefinedColumnType.DCT_STRING },
    ];
    await createTable(client, params);
    const described = await client.describeTable({ tableName });
    const { tableMeta, tableOptions, tableStatus, reservedThroughputDetails } = described;
    assert.equal(tableMeta.tableName, tableName);
    assert.deepEqual(tableMeta.primaryKey.map(({ name, type, option }) => [name, type, option]), [
      ['a', TableStore.PrimaryKeyType.STRING, 1],
      ['b', TableStore.PrimaryKeyType.INTEGER, 1],
      ['c', TableStore.PrimaryKeyType.BINARY, 1],
      ['d', TableStore.PrimaryKeyType.INTEGER, TableStore.PrimaryKeyOption.AUTO_INCREMENT],
    ]);
    assert.deepEqual(tableMeta.primaryKey.map((column) => Object.hasOwn(column, 'option')), [false, false, false, true]);
    assert.deepEqual(tableMeta.definedColumn.map(({ name, type }) => [name, type]), [['i', 1], ['s', 4]]);
    assert.equal(tableOptions.timeToLive, 86400);
    assert.equal(tableOptions.maxVersions, 3);
    assert.equal(tableOptions.deviationCellVersionInSec.toNumber(), 1000);
    assert.equal(tableStatus, 1);
    assert.deepEqual({ ...reservedThroughputDetails.capacityUnit }, { read: 0, write: 0 });
    assert.match(described.RequestId, /^[0-9a-f-]{36}$/);
  },

  async tables_listed() {
    const [one, two] = [await newTable(), await newTable()];
    const { tableNames } = await one.client.listTable({});
    assert.ok(tableNames.includes(one.name) && tableNames.includes(two.name), String(tableNames));
  },

  async table_updated() {
    const { client, name: tableName } = await newTable();
    const updated = await client.updateTable({
      tableName,
      tableOptions: { timeToLive: 90000, maxVersions: 5, maxTimeDeviation: 7200 },
    });
    assert.equal(updated.tableOptions.maxVersions, 5);
    const { tableOptions } = await client.describeTable({ tableName });
    assert.equal(tableOptions.timeToLive, 90000);
    assert.equal(tableOptions.maxVersions, 5);
    assert.equal(tableOptions.deviationCellVersionInSec.toNumber(), 7200);
  },

  async table_deleted() {
    const { client, name: tableName } = await newTable();
    await client.deleteTable({ tableName });
    await assertRefused(client.describeTable({ tableName }), ...NO_TABLE);
    await assertRefused(client.deleteTable({ tableName }), ...NO_TABLE);
    const { tableNames } = await client.listTable({});
    assert.ok(!tableNames.includes(tableName));
  },

  async table_created_twice_refused() {
    const { client, name } = await newTable();
    const again = client.createTable(tableParams(name, [['pk', 'STRING']]));
    await assertRefused(again, 409, 'OTSObjectAlreadyExist', 'Requested table already exists.');
  },

  async bad_tables_refused() {
    const client = tableStore();
    const create = (name, key, options) => client.createTable(tableParams(name, key, options));
    const one = [['pk', 'STRING']];
    const five = ['a', 'b', 'c', 'd', 'e'].map((name) => [name, 'STRING']);
    const keyCount = 'The number of primary key columns must be in range: [1, 4].';
    await assertInvalid(create('node_bad', five), keyCount);
    await assertInvalid(create('node_bad', []), keyCount);
    await assertInvalid(create('0bad', one), "Invalid table name: '0bad'.");
    await assertInvalid(create('node_bad', [['a.b', 'STRING']]), "Invalid column name: 'a.b'.");
    await assertInvalid(create('node_bad', one, { timeToLive: 0 }), 'TimeToLive cannot be 0 or less than -1.');
    await assertInvalid(create('node_bad', one, { timeToLive: undefined }), 'Time-to-live is missing while creating table.');
    await assertInvalid(create('node_bad', one, { maxVersions: undefined }), 'MaxVersions is missing while creating table.');
  },

  async tables_over_the_quota_refused() {
    const client = tableStore();
    const { tableNames } = await client.listTable({});
    const create = () => createTable(client, tableParams(unique('node_quota_'), [['pk', 'STRING']]));
    for (let count = tableNames.length; count < 64; count += 1) {
      await create();
    }
    await assertRefused(create(), 403, 'OTSQuotaExhausted', 'Number of tables exceeds the quota:64.');
  },

  async update_of_rows_may_be_forbidden() {
    const table = await newTable({ allowUpdate: false });
    const { tableOptions } = await table.client.describeTable({ tableName: table.name });
    assert.equal(tableOptions.allowUpdate, false);
    await table.put(['a'], { v: 'put is allowed' });
    const update = table.update(['a'], [{ PUT: [{ v: 'x' }] }]);
    await assertInvalid(update);
    assert.deepEqual(await table.read(['a']), { v: 'put is allowed' });
  },

  async unknown_operations_refused() {
    const { client, name: tableName } = await newTable();
    const unsupported = (promise, operation) => (
      assertRefused(promise, 400, 'OTSUnsupportOperation', `Unsupported operation: '${operation}'.`)
    );
    const searchIndexSplitsOptions = { indexName: 'index' };
    await unsupported(client.computeSplits({ tableName, searchIndexSplitsOptions }), 'ComputeSplits');
    await unsupported(client.listSearchIndex({ tableName }), 'ListSearchIndex');
    const primaryKey = [{ pk: 'a' }];
    await unsupported(client.startLocalTransaction({ tableName, primaryKey }), 'StartLocalTransaction');
  },
};
