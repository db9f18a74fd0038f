'use strict';
// Values of every type, through a write and a read.

const assert = require('node:assert/strict');

const { TableStore } = require('../environment');
const { assertInvalid, long, newTable, plain } = require('../table-fixtures');

const roundTrip = async (values) => {
  const table = await newTable();
  const columns = Object.fromEntries(values.map((value, index) => [`c${index}`, value]));
  await table.put(['row'], columns);
  const read = await table.read(['row']);
  values.forEach((value, index) => {
    assert.deepEqual(read[`c${index}`], plain(value), `value ${index}`);
  });
};

module.exports = {
  async integers_come_back() {
    await roundTrip([
      long(0), long(-1), long('9223372036854775807'), long('-9223372036854775808'),
      long('9007199254740993'), TableStore.Long.fromNumber(5),
    ]);
  },

  async doubles_come_back() {
    await roundTrip([
      0, -0, 1.5, -1e300, Number.MAX_VALUE, Number.MIN_VALUE, Number.EPSILON, 0.1, 1 / 3, 42,
    ]);
  },

  async strings_come_back() {
    await roundTrip(['', 'plain', 'naïve 日本 🚀', 'line\nbreak\0zero', 'x'.repeat(65536)]);
  },

  async booleans_come_back() {
    await roundTrip([true, false]);
  },

  async binaries_come_back() {
    const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await roundTrip([Buffer.alloc(0), everyByte, Buffer.alloc(100_000, 0xff)]);
  },

  async keys_of_every_type_come_back() {
    const table = await newTable({}, [['s', 'STRING'], ['i', 'INTEGER'], ['b', 'BINARY']]);
    const keys = [
      ['', long('-9223372036854775808'), Buffer.alloc(0)],
      ['日本', long('9223372036854775807'), Buffer.from([0, 0xff, 0x80])],
      ['x'.repeat(1024), long(0), Buffer.alloc(1024, 7)],
    ];
    for (const key of keys) {
      await table.put(key, { v: 'here' });
      const { row } = await table.get(key);
      assert.deepEqual(row.primaryKey.map(({ name, value }) => [name, plain(value)]), [
        ['s', key[0]], ['i', plain(key[1])], ['b', key[2]],
      ]);
    }
  },

  async values_that_are_no_numbers_refused() {
    const table = await newTable();
    await assertInvalid(table.put(['a'], { v: NaN }), "NaN can't be set to double value.");
    await assertInvalid(table.put(['a'], { v: Infinity }), "can't be set to double value.");
    assert.equal(await table.read(['a']), undefined);
  },

  async type_of_a_column_may_change() {
    const table = await newTable({ maxVersions: 3 });
    await table.update(['a'], [{ PUT: [{ v: 'text' }] }]);
    await table.update(['a'], [{ PUT: [{ v: long(7) }] }]);
    await table.update(['a'], [{ PUT: [{ v: Buffer.from([1]) }] }]);
    const versions = await table.versions(['a'], 'v');
    assert.deepEqual(versions.map(([, value]) => value), [Buffer.from([1]), 7n, 'text']);
  },
};
