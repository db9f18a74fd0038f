'use strict';
// Limits of Table Store, refused in its words. What is just within a limit passes.

const assert = require('node:assert/strict');

const { TableStore } = require('../environment');
const { IGNORE, assertInvalid, assertRefused, newTable } = require('../table-fixtures');

const MIB = 1024 * 1024;

const columns = (count) => Object.fromEntries([...Array(count).keys()].map((number) => [`c${number}`, true]));

module.exports = {
  async long_keys_refused() {
    const table = await newTable();
    await table.put(['x'.repeat(1024)], {});
    const message = "The length of primary key column: 'pk' exceeds the MaxLength:1024 with CurrentLength:1025.";
    await assertInvalid(table.put(['x'.repeat(1025)], {}), message);
  },

  async long_values_refused() {
    const table = await newTable();
    await table.put(['a'], { v: 'x'.repeat(2 * MIB) });
    const message = "The length of attribute column: 'v' exceeds the MaxLength:2097152 with CurrentLength:2097153.";
    await assertInvalid(table.put(['a'], { v: 'x'.repeat(2 * MIB + 1) }), message);
    await assertInvalid(table.put(['a'], { v: Buffer.alloc(2 * MIB + 1) }), message);
  },

  async many_columns_refused() {
    const table = await newTable();
    await table.put(['a'], columns(1024));
    assert.equal(Object.keys(await table.read(['a'])).length, 1024);
    const message = 'The number of attribute columns exceeds the limit, limit count: 1024, column count: 1025.';
    await assertInvalid(table.put(['a'], columns(1025)), message);
    const deletes = Object.keys(columns(1025));
    await assertInvalid(table.update(['a'], [{ DELETE_ALL: deletes }]), message);
    await table.update(['a'], [{ PUT: [{ one_more: true }] }]);
    assert.equal(Object.keys(await table.read(['a'])).length, 1025);
  },

  async many_columns_to_get_refused() {
    const table = await newTable();
    const names = Object.keys(columns(1025));
    const message = 'The number of columns from the request exceeds the limit, limit count: 1024, column count: 1025.';
    await assertInvalid(table.get(['a'], { columnsToGet: names }), message);
    await table.get(['a'], { columnsToGet: names.slice(1) });
  },

  async bad_column_names_refused() {
    const table = await newTable();
    for (const name of ['0start', 'a b', 'a.b', 'x'.repeat(256)]) {
      await assertInvalid(table.put(['a'], { [name]: true }), `Invalid column name: '${name}'.`);
    }
    await table.put(['a'], { ['x'.repeat(255)]: true });
  },

  async large_batch_refused() {
    const table = await newTable();
    const put = (pk, bytes) => ({
      type: 'PUT',
      condition: IGNORE,
      primaryKey: table.key(pk),
      attributeColumns: [{ v: 'x'.repeat(bytes) }],
    });
    // Names and values count: pk, a, v and 2097148, twice, is 4 MiB.
    const batch = (...rows) => table.client.batchWriteRow({ tables: [{ tableName: table.name, rows }] });
    const most = 2 * MIB - 4;
    const message = 'The total data size of BatchWriteRow request exceeds the limit, limit size: 4194304, data size: 4194305.';
    await assertInvalid(batch(put('a', most), put('b', most + 1)), message);
    const { tables: rows } = await batch(put('a', most), put('b', most));
    assert.ok(rows.every(({ isOk }) => isOk));
  },

  async large_body_refused() {
    const table = await newTable();
    const attributeColumns = ['a', 'b', 'c'].map((name) => ({ [name]: 'x'.repeat(2 * MIB) }));
    const put = table.put(['a'], {}, { attributeColumns });
    await assertRefused(put, 413, 'OTSRequestBodyTooLarge', 'The size of POST data is too large.');
  },

  async infinite_keys_refused() {
    const table = await newTable();
    const message = 'VT_INF_MIN is an invalid type for the primary key.';
    await assertInvalid(table.put([TableStore.INF_MIN], {}), message);
  },
};
