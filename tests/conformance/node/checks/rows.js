'use strict';
// Single rows: put, update, delete, read.

const assert = require('node:assert/strict');

const { TableStore } = require('../environment');
const { RETURN_KEY, assertInvalid, assertRefused, columnsOf, keyOf, long, newTable } = require('../table-fixtures');

const { PK_AUTO_INCR } = TableStore;

module.exports = {
  async put_replaces_the_row() {
    const table = await newTable();
    await table.put(['a'], { one: 'x', two: 'y' });
    await table.put(['a'], { two: 'z' });
    assert.deepEqual(await table.read(['a']), { two: 'z' });
  },

  async put_of_a_key_alone_makes_a_row() {
    const table = await newTable();
    await table.put(['a'], {});
    assert.deepEqual(await table.read(['a']), {});
    assert.equal(await table.read(['b']), undefined);
  },

  async update_changes_what_it_names() {
    const table = await newTable();
    await table.update(['a'], [{ PUT: [{ kept: 'k' }, { changed: 'old' }, { dropped: 'd' }] }]);
    await table.update(['a'], [{ PUT: [{ changed: long(2) }, { added: true }] }, { DELETE_ALL: ['dropped'] }]);
    assert.deepEqual(await table.read(['a']), { kept: 'k', changed: 2n, added: true });
  },

  async changes_of_one_update_apply_in_order() {
    const table = await newTable();
    await table.update(['a'], [{ PUT: [{ c: 'x' }, { d: 'y' }] }, { DELETE_ALL: ['c'] }]);
    assert.deepEqual(await table.read(['a']), { d: 'y' });
  },

  async row_without_columns_remains() {
    const table = await newTable();
    await table.put(['a'], { c: 'x' });
    await table.update(['a'], [{ DELETE_ALL: ['c', 'never_there'] }]);
    assert.deepEqual(await table.read(['a']), {});
  },

  async delete_removes_the_row() {
    const table = await newTable();
    await table.put(['a'], { c: 'x' });
    await table.remove(['a']);
    assert.equal(await table.read(['a']), undefined);
    await table.remove(['a']);
  },

  async update_without_columns_refused() {
    const table = await newTable();
    const message = 'Invalid update row request: missing cells in request.';
    await assertInvalid(table.update(['a'], []), message);
  },

  async increment_counts() {
    const table = await newTable();
    const returnContent = { returnType: TableStore.ReturnType.AfterModify, returnColumns: ['n'] };
    const add = async (delta) => {
      const { row } = await table.update(['a'], [{ INCREMENT: [{ n: long(delta) }] }], { returnContent });
      return columnsOf(row).n;
    };
    assert.equal(await add(5), 5n);
    assert.equal(await add(-7), -2n);
    assert.deepEqual(await table.read(['a']), { n: -2n });
  },

  async increment_of_what_is_no_integer_refused() {
    const table = await newTable();
    await table.put(['a'], { text: 'x', most: long('9223372036854775807') });
    await assertInvalid(table.update(['a'], [{ INCREMENT: [{ text: long(1) }] }]));
    await assertInvalid(table.update(['a'], [{ INCREMENT: [{ most: long(1) }] }]));
    assert.equal((await table.read(['a'])).most, 9223372036854775807n);
  },

  async auto_increment_gives_rising_keys() {
    const table = await newTable({}, [['pk', 'STRING'], ['number', 'INTEGER', 'AUTO_INCREMENT']]);
    const numbers = [];
    for (const value of ['x', 'y', 'z']) {
      const { row } = await table.put(['a', PK_AUTO_INCR], { value }, { returnContent: RETURN_KEY });
      const [pk, number] = keyOf(row.primaryKey);
      assert.equal(pk, 'a');
      numbers.push(number);
      assert.deepEqual(await table.read(['a', long(number)]), { value });
    }
    assert.ok(numbers[0] < numbers[1] && numbers[1] < numbers[2], String(numbers));
  },

  async auto_increment_in_a_read_refused() {
    const table = await newTable({}, [['pk', 'STRING'], ['number', 'INTEGER', 'AUTO_INCREMENT']]);
    await assertInvalid(table.get(['a', PK_AUTO_INCR]));
    await assertInvalid(table.remove(['a', PK_AUTO_INCR]));
  },

  async wrong_keys_refused() {
    const table = await newTable({}, [['PK1', 'STRING'], ['PK2', 'INTEGER']]);
    const put = (primaryKey) => table.put([], { v: 'x' }, { primaryKey });
    const refused = (promise, message) => assertRefused(promise, 400, 'OTSInvalidPK', message);
    await refused(put([{ PK1: 'a' }]), 'Validate PK size fail. Input: 1, Meta: 2.');
    await refused(put([{ PK2: 'a' }, { PK1: long(1) }]), 'Validate PK name fail. Input: PK2, Meta: PK1.');
    await refused(put([{ PK1: 'a' }, { PK2: 'b' }]), 'Validate PK type fail. Input: VT_STRING, Meta: VT_INTEGER.');
    await refused(put([{ PK1: Buffer.from('a') }, { PK2: long(1) }]), 'Validate PK type fail. Input: VT_BLOB, Meta: VT_STRING.');
  },

  async column_named_like_the_key_refused() {
    const table = await newTable();
    const message = "Duplicated attribute column name with primary key column: 'pk'.";
    await assertInvalid(table.put(['a'], { pk: 'x' }), message);
  },

  async columns_chosen_by_name() {
    const table = await newTable();
    await table.put(['a'], { a: '1', b: '2', c: '3', d: '4' });
    assert.deepEqual(await table.read(['a'], { columnsToGet: ['b', 'd', 'nowhere'] }), { b: '2', d: '4' });
    assert.equal(await table.read(['a'], { columnsToGet: ['nowhere'] }), undefined);
  },

  async columns_chosen_by_range() {
    const table = await newTable();
    await table.put(['a'], { a: '1', b: '2', c: '3', d: '4' });
    assert.deepEqual(await table.read(['a'], { startColumn: 'b', endColumn: 'd' }), { b: '2', c: '3' });
  },

  async columns_come_sorted_by_name() {
    const table = await newTable();
    await table.put(['a'], { z: '1', B: '2', _: '3', a: '4' });
    const { row } = await table.get(['a']);
    assert.deepEqual(row.attributes.map(({ columnName }) => columnName), ['B', '_', 'a', 'z']);
  },

  async columns_paged() {
    const table = await newTable();
    await table.put(['a'], { a: '1', b: '2', c: '3', d: '4', e: '5' });
    const page = (limit, offset) => (
      table.read(['a'], { columnFilter: new TableStore.ColumnPaginationFilter(limit, offset) })
    );
    assert.deepEqual(await page(2, 0), { a: '1', b: '2' });
    assert.deepEqual(await page(2, 3), { d: '4', e: '5' });
  },

  async capacity_is_counted() {
    const table = await newTable();
    const units = ({ consumed: { capacityUnit: { read, write } } }) => ({ read, write });
    const wide = { x: 'x'.repeat(4096), y: 'y'.repeat(4096) };
    assert.deepEqual(units(await table.put(['a'], wide)), { read: 0, write: 3 });
    const exists = new TableStore.Condition(TableStore.RowExistenceExpectation.EXPECT_EXIST, null);
    assert.deepEqual(units(await table.put(['a'], wide, { condition: exists })), { read: 1, write: 3 });
    assert.deepEqual(units(await table.get(['a'])), { read: 3, write: 0 });
    assert.deepEqual(units(await table.get(['absent'])), { read: 1, write: 0 });
    assert.deepEqual(units(await table.remove(['a'])), { read: 0, write: 1 });
  },
};
