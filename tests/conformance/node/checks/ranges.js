'use strict';
// Ranges of rows, in both directions and page by page.

const assert = require('node:assert/strict');

const { TableStore } = require('../environment');
const { IGNORE, assertInvalid, keyOf, long, newTable } = require('../table-fixtures');

const { Direction, INF_MAX, INF_MIN } = TableStore;

const BACKWARD = { direction: Direction.BACKWARD };
const KEY = [['a', 'STRING'], ['b', 'INTEGER']];
const ALL = [[INF_MIN, INF_MIN], [INF_MAX, INF_MAX]];

/** Rows `x 1`, `x 2`, `y -1`, `y 10`, `z 0`. */
const sample = async () => {
  const table = await newTable({}, KEY);
  for (const [a, b] of [['y', 10], ['x', 2], ['z', 0], ['x', 1], ['y', -1]]) {
    await table.put([a, long(b)], { v: `${a}${b}` });
  }
  return table;
};

const keys = (rows) => rows.map(({ primaryKey }) => keyOf(primaryKey).join(' '));

/** The keys of all pages of a range. */
const pages = async (table, [start, end], more) => {
  const found = [];
  for (let from = start; from;) {
    const { rows, nextStartPrimaryKey } = await table.range(from, end, more);
    found.push(keys(rows));
    from = nextStartPrimaryKey && nextStartPrimaryKey.map(({ value }) => value);
  }
  return found;
};

module.exports = {
  async range_forward() {
    const table = await sample();
    const { rows, nextStartPrimaryKey } = await table.range(...ALL);
    assert.deepEqual(keys(rows), ['x 1', 'x 2', 'y -1', 'y 10', 'z 0']);
    assert.equal(nextStartPrimaryKey, null);
  },

  async range_backward() {
    const table = await sample();
    const { rows } = await table.range(...[...ALL].reverse(), BACKWARD);
    assert.deepEqual(keys(rows), ['z 0', 'y 10', 'y -1', 'x 2', 'x 1']);
  },

  async range_start_is_in_and_end_is_out() {
    const table = await sample();
    const between = async (start, end, more) => keys((await table.range(start, end, more)).rows);
    assert.deepEqual(await between(['x', long(2)], ['y', long(10)]), ['x 2', 'y -1']);
    assert.deepEqual(await between(['y', long(10)], ['x', long(2)], BACKWARD), ['y 10', 'y -1']);
    assert.deepEqual(await between(['y', INF_MIN], ['y', INF_MAX]), ['y -1', 'y 10']);
  },

  async range_pages_forward() {
    const table = await sample();
    assert.deepEqual(await pages(table, ALL, { limit: 2 }), [['x 1', 'x 2'], ['y -1', 'y 10'], ['z 0']]);
  },

  async range_pages_backward() {
    const table = await sample();
    const found = await pages(table, [...ALL].reverse(), { ...BACKWARD, limit: 2 });
    assert.deepEqual(found, [['z 0', 'y 10'], ['y -1', 'x 2'], ['x 1']]);
  },

  async range_without_rows() {
    const table = await sample();
    const { rows, nextStartPrimaryKey } = await table.range(['a', INF_MIN], ['b', INF_MIN]);
    assert.deepEqual(rows, []);
    assert.equal(nextStartPrimaryKey, null);
  },

  async range_filtered() {
    const table = await sample();
    const filter = new TableStore.SingleColumnCondition('v', 'y', TableStore.ComparatorType.GREATER_THAN);
    const { rows } = await table.range(...ALL, { columnFilter: filter, columnsToGet: ['v'] });
    assert.deepEqual(rows.map(({ attributes: [{ columnValue }] }) => columnValue), ['y-1', 'y10', 'z0']);
  },

  async range_of_5000_rows_is_one_page() {
    const table = await newTable({}, [['n', 'INTEGER']]);
    for (let start = 0; start < 5001; start += 200) {
      const count = Math.min(200, 5001 - start);
      const rows = Array.from({ length: count }, (_, index) => ({
        type: 'PUT',
        condition: IGNORE,
        primaryKey: table.key(long(start + index)),
        attributeColumns: [{ v: true }],
      }));
      await table.client.batchWriteRow({ tables: [{ tableName: table.name, rows }] });
    }
    const found = await pages(table, [[INF_MIN], [INF_MAX]]);
    assert.deepEqual(found.map(({ length }) => length), [5000, 1]);
    assert.deepEqual(found[1], ['5000']);
  },

  async binary_keys_sort_by_unsigned_bytes() {
    const table = await newTable({}, [['b', 'BINARY']]);
    const values = [[0xff], [0x80], [], [0x7f, 0], [0x7f]].map((bytes) => Buffer.from(bytes));
    for (const value of values) {
      await table.put([value], { v: true });
    }
    const { rows } = await table.range([INF_MIN], [INF_MAX]);
    const found = rows.map(({ primaryKey: [{ value }] }) => value.toString('hex'));
    assert.deepEqual(found, ['', '7f', '7f00', '80', 'ff']);
  },

  async range_capacity_is_rounded_once() {
    const table = await newTable();
    for (const pk of ['a', 'b']) {
      await table.put([pk], { v: 'x'.repeat(12 * 1024) });
    }
    const { consumed } = await table.range([INF_MIN], [INF_MAX]);
    assert.equal(consumed.capacityUnit.read, 7);
  },

  async wrong_ranges_refused() {
    const table = await sample();
    const [start, end] = [['x', long(1)], ['y', long(1)]];
    const forward = 'Begin key must less than end key in FORWARD';
    await assertInvalid(table.range(end, start), forward);
    await assertInvalid(table.range(start, start), forward);
    await assertInvalid(table.range(start, end, BACKWARD), 'Begin key must more than end key in BACKWARD');
    await assertInvalid(table.range(start, end, { limit: -1 }), 'The limit must be greater than 0.');
  },
};
