'use strict';
// Conditions of writes and filters of reads.

const assert = require('node:assert/strict');

const { TableStore } = require('../environment');
const { assertRefused, long, newTable } = require('../table-fixtures');

const {
  ComparatorType, CompositeCondition, Condition, LogicalOperator, RowExistenceExpectation, SingleColumnCondition,
} = TableStore;

const expecting = (existence, column = null) => ({
  condition: new Condition(RowExistenceExpectation[existence], column),
});

const assertCheckFails = (promise) => (
  assertRefused(promise, 403, 'OTSConditionCheckFail', 'Condition check failed.')
);

const single = (name, comparator, value, passIfMissing = false) => (
  new SingleColumnCondition(name, value, ComparatorType[comparator], passIfMissing)
);

const composite = (operator, ...conditions) => {
  const combined = new CompositeCondition(LogicalOperator[operator]);
  conditions.forEach((condition) => combined.addSubCondition(condition));
  return combined;
};

/** A row for conditions to look at: `n` is 5, `s` is "m". */
const sampleRow = async () => {
  const table = await newTable();
  await table.put(['a'], { n: long(5), s: 'm', flag: true, d: 1.5, b: Buffer.from([5]) });
  return table;
};

/** Whether a read with this filter shows the sample row, once for each of the filters. */
const shown = async (filters) => {
  const table = await sampleRow();
  const rows = filters.map((columnFilter) => table.read(['a'], { columnFilter }));
  return (await Promise.all(rows)).map((row) => row !== undefined);
};

module.exports = {
  async row_existence_expected() {
    const table = await newTable();
    await assertCheckFails(table.put(['a'], { v: 'x' }, expecting('EXPECT_EXIST')));
    await table.put(['a'], { v: 'x' }, expecting('EXPECT_NOT_EXIST'));
    await assertCheckFails(table.put(['a'], { v: 'y' }, expecting('EXPECT_NOT_EXIST')));
    await table.update(['a'], [{ PUT: [{ v: 'z' }] }], expecting('EXPECT_EXIST'));
    assert.deepEqual(await table.read(['a']), { v: 'z' });
    await assertCheckFails(table.remove(['b'], expecting('EXPECT_EXIST')));
    await table.remove(['a'], expecting('EXPECT_EXIST'));
    assert.equal(await table.read(['a']), undefined);
  },

  async column_condition_decides_a_write() {
    const table = await sampleRow();
    const update = (condition) => (
      table.update(['a'], [{ PUT: [{ v: 'x' }] }], expecting('IGNORE', condition))
    );
    await assertCheckFails(update(single('n', 'EQUAL', long(6))));
    await update(single('n', 'EQUAL', long(5)));
    await assertCheckFails(update(single('missing', 'EQUAL', long(5), false)));
    await update(single('missing', 'EQUAL', long(5), true));
    await assertCheckFails(table.remove(['a'], expecting('EXPECT_EXIST', single('s', 'GREATER_THAN', 'm'))));
    await table.remove(['a'], expecting('EXPECT_EXIST', single('s', 'GREATER_EQUAL', 'm')));
  },

  async every_comparator_compares() {
    const compare = (comparator) => [4, 5, 6].map((value) => single('n', comparator, long(value)));
    assert.deepEqual(await shown(compare('EQUAL')), [false, true, false]);
    assert.deepEqual(await shown(compare('NOT_EQUAL')), [true, false, true]);
    assert.deepEqual(await shown(compare('GREATER_THAN')), [true, false, false]);
    assert.deepEqual(await shown(compare('GREATER_EQUAL')), [true, true, false]);
    assert.deepEqual(await shown(compare('LESS_THAN')), [false, false, true]);
    assert.deepEqual(await shown(compare('LESS_EQUAL')), [false, true, true]);
  },

  async filters_compare_every_type() {
    const filters = [
      single('s', 'LESS_THAN', 'n'), single('s', 'LESS_THAN', 'm'),
      single('d', 'GREATER_THAN', 1.25), single('d', 'GREATER_THAN', 1.75),
      single('flag', 'EQUAL', true), single('flag', 'EQUAL', false),
      single('b', 'EQUAL', Buffer.from([5])), single('b', 'EQUAL', Buffer.from([6])),
    ];
    const expected = [true, false, true, false, true, false, true, false];
    assert.deepEqual(await shown(filters), expected);
  },

  async filters_combine() {
    const yes = single('n', 'EQUAL', long(5));
    const no = single('s', 'EQUAL', 'other');
    const filters = [
      composite('AND', yes, yes), composite('AND', yes, no), composite('OR', no, yes), composite('OR', no, no),
      composite('NOT', no), composite('NOT', yes), composite('OR', composite('AND', yes, no), composite('NOT', no)),
    ];
    assert.deepEqual(await shown(filters), [true, false, true, false, true, false, true]);
  },

  async filter_of_a_missing_column() {
    const filters = [single('missing', 'EQUAL', 'x', true), single('missing', 'EQUAL', 'x', false)];
    assert.deepEqual(await shown(filters), [true, false]);
  },

  async filter_may_look_at_old_versions() {
    const table = await newTable({ maxVersions: 3 });
    const now = Date.now();
    const PUT = ['old', 'new'].map((c, index) => ({ c, timestamp: now + index }));
    await table.update(['a'], [{ PUT }]);
    const old = (latestOnly) => table.read(['a'], {
      maxVersions: 3,
      columnFilter: new SingleColumnCondition('c', 'old', ComparatorType.EQUAL, false, latestOnly),
    });
    assert.equal(await old(true), undefined);
    assert.notEqual(await old(false), undefined);
  },
};
