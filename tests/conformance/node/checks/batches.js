'use strict';
// Many rows in one call: written and read, with rows that fail among them.

const assert = require('node:assert/strict');

const { TableStore } = require('../environment');
const { IGNORE, assertInvalid, assertRefused, columnsOf, keyOf, long, newTable } = require('../table-fixtures');

const { Condition, RowExistenceExpectation } = TableStore;

const EXISTS = new Condition(RowExistenceExpectation.EXPECT_EXIST, null);

const change = (table, type, key, attributeColumns, condition = IGNORE) => ({
  type, condition, primaryKey: table.key(...key), attributeColumns,
});

const write = (table, rows) => table.client.batchWriteRow({ tables: [{ tableName: table.name, rows }] });

module.exports = {
  async batch_of_every_change() {
    const table = await newTable();
    await table.put(['updated'], { kept: 'k', changed: 'old' });
    await table.put(['deleted'], { v: 'x' });
    const { tables: rows } = await write(table, [
      change(table, 'PUT', ['put'], [{ v: long(1) }]),
      change(table, 'UPDATE', ['updated'], [{ PUT: [{ changed: 'new' }] }]),
      change(table, 'DELETE', ['deleted']),
    ]);
    assert.deepEqual(rows.map(({ isOk, tableName }) => [isOk, tableName]), Array(3).fill([true, table.name]));
    assert.deepEqual(rows.map(({ capacityUnit: { write: units } }) => units), [1, 1, 1]);
    assert.deepEqual(await table.read(['put']), { v: 1n });
    assert.deepEqual(await table.read(['updated']), { kept: 'k', changed: 'new' });
    assert.equal(await table.read(['deleted']), undefined);
  },

  async batch_over_tables_keeps_its_order() {
    const [one, two] = [await newTable(), await newTable()];
    const { tables: rows } = await one.client.batchWriteRow({
      tables: [
        { tableName: two.name, rows: [change(two, 'PUT', ['a'], []), change(two, 'PUT', ['b'], [], EXISTS)] },
        { tableName: one.name, rows: [change(one, 'PUT', ['c'], [])] },
      ],
    });
    assert.deepEqual(rows.map(({ tableName, isOk }) => [tableName, isOk]), [
      [two.name, true], [two.name, false], [one.name, true],
    ]);
  },

  async failed_rows_stand_among_good_ones() {
    const table = await newTable({}, [['pk', 'INTEGER']]);
    const { tables: rows } = await write(table, [
      change(table, 'PUT', [long(1)], [{ v: 'x' }]),
      change(table, 'PUT', [long(2)], [{ v: 'x' }], EXISTS),
      change(table, 'PUT', ['text'], [{ v: 'x' }]),
      change(table, 'UPDATE', [long(3)], [{ PUT: [{ v: 'y' }] }]),
    ]);
    assert.deepEqual(rows.map(({ isOk, errorCode, errorMessage }) => [isOk, errorCode, errorMessage]), [
      [true, null, null],
      [false, 'OTSConditionCheckFail', 'Condition check failed.'],
      [false, 'OTSInvalidPK', 'Validate PK type fail. Input: VT_STRING, Meta: VT_INTEGER.'],
      [true, null, null],
    ]);
    assert.deepEqual(await table.read([long(3)]), { v: 'y' });
    assert.equal(await table.read([long(2)]), undefined);
  },

  async rows_repeated_in_a_batch_apply_in_order() {
    const table = await newTable();
    const { tables: rows } = await write(table, [
      change(table, 'PUT', ['a'], [{ v: 'first' }, { gone: 'g' }]),
      change(table, 'PUT', ['a'], [{ v: 'second' }]),
      change(table, 'UPDATE', ['a'], [{ PUT: [{ w: 'third' }] }]),
    ]);
    assert.ok(rows.every(({ isOk }) => isOk));
    assert.deepEqual(await table.read(['a']), { v: 'second', w: 'third' });
  },

  async batch_returns_keys_and_counts() {
    const table = await newTable({}, [['pk', 'STRING'], ['n', 'INTEGER', 'AUTO_INCREMENT']]);
    const returnContent = { returnType: TableStore.ReturnType.Primarykey };
    const put = () => ({ ...change(table, 'PUT', ['a', TableStore.PK_AUTO_INCR], [{ v: 'x' }]), returnContent });
    const { tables: rows } = await write(table, [put(), put()]);
    const [first, second] = rows.map(({ primaryKey }) => keyOf(primaryKey)[1]);
    assert.ok(first < second, `${first} ${second}`);

    const counters = await newTable();
    const counted = {
      ...change(counters, 'UPDATE', ['a'], [{ INCREMENT: [{ n: long(3) }] }]),
      returnContent: { returnType: TableStore.ReturnType.AfterModify, returnColumns: ['n'] },
    };
    const { tables: [row] } = await write(counters, [counted]);
    assert.deepEqual(columnsOf(row), { n: 3n });
  },

  async batch_read_keeps_its_order() {
    const table = await newTable();
    await table.put(['a'], { v: '1' });
    await table.put(['b'], { v: '2', w: 'x' });
    const { tables: [rows] } = await table.client.batchGetRow({
      tables: [{
        tableName: table.name,
        primaryKey: ['b', 'absent', 'a'].map((pk) => table.key(pk)),
        columnsToGet: ['v'],
      }],
    });
    assert.deepEqual(rows.map((row) => row.isOk && row.primaryKey && columnsOf(row)), [{ v: '2' }, null, { v: '1' }]);
  },

  async batch_read_over_tables() {
    const [one, two] = [await newTable(), await newTable({}, [['n', 'INTEGER']])];
    await one.put(['a'], { v: 'one' });
    await two.put([long(1)], { v: 'two' });
    const { tables: [ones, twos] } = await one.client.batchGetRow({
      tables: [
        { tableName: one.name, primaryKey: [one.key('a')] },
        { tableName: two.name, primaryKey: [two.key('wrong type'), two.key(long(1))] },
      ],
    });
    assert.deepEqual(ones.map(columnsOf), [{ v: 'one' }]);
    assert.equal(twos[0].isOk, false);
    assert.equal(twos[0].errorCode, 'OTSInvalidPK');
    assert.equal(twos[0].errorMessage, 'Validate PK type fail. Input: VT_STRING, Meta: VT_INTEGER.');
    assert.deepEqual(columnsOf(twos[1]), { v: 'two' });
  },

  async whole_batch_refused() {
    const table = await newTable();
    const put = (pk) => change(table, 'PUT', [pk], [{ v: 'x' }]);
    const rows = [...Array(201).keys()].map((number) => put(String(number)));
    await assertInvalid(write(table, rows), 'Rows count exceeds the upper limit: 200.');
    const primaryKey = [...Array(101).keys()].map((number) => table.key(String(number)));
    const reads = table.client.batchGetRow({ tables: [{ tableName: table.name, primaryKey }] });
    await assertInvalid(reads, 'Rows count exceeds the upper limit: 100.');
    await assertInvalid(write(table, []), `No operation is specified for table: '${table.name}'.`);
    const twice = { tableName: table.name, rows: [put('a')] };
    await assertInvalid(table.client.batchWriteRow({ tables: [twice, twice] }), `Duplicated table name: '${table.name}'.`);
    const missing = { ...twice, tableName: 'node_never_created' };
    const noTable = [404, 'OTSObjectNotExist', 'Requested table does not exist.'];
    await assertRefused(table.client.batchWriteRow({ tables: [missing] }), ...noTable);
    assert.equal(await table.read(['a']), undefined);
  },
};
