'use strict';
// Versions of cells: how many are kept, which are shown, which are deleted.

const assert = require('node:assert/strict');

const { assertInvalid, newTable } = require('../table-fixtures');

const NOW = Date.now();

/** A row with the versions `v1`, `v2`... of a column, a second apart. */
const versioned = async (maxVersions, count) => {
  const table = await newTable({ maxVersions });
  for (let number = 1; number <= count; number += 1) {
    const PUT = [{ c: `v${number}`, timestamp: NOW + number * 1000 }];
    await table.update(['a'], [{ PUT }]);
  }
  return table;
};

module.exports = {
  async versions_come_newest_first() {
    const table = await versioned(5, 3);
    assert.deepEqual(await table.versions(['a'], 'c'), [
      [NOW + 3000, 'v3'], [NOW + 2000, 'v2'], [NOW + 1000, 'v1'],
    ]);
    assert.deepEqual(await table.versions(['a'], 'c', { maxVersions: 1 }), [[NOW + 3000, 'v3']]);
  },

  async oldest_versions_dropped() {
    const table = await versioned(2, 4);
    assert.deepEqual((await table.versions(['a'], 'c')).map(([, value]) => value), ['v4', 'v3']);
  },

  async older_timestamp_does_not_win() {
    const table = await versioned(5, 2);
    await table.update(['a'], [{ PUT: [{ c: 'late', timestamp: NOW - 5000 }] }]);
    assert.deepEqual(await table.read(['a']), { c: 'v2' });
    assert.equal((await table.versions(['a'], 'c')).length, 3);
  },

  async server_time_is_the_version() {
    const table = await newTable({ maxVersions: 3 });
    for (const value of ['x', 'y', 'z']) {
      await table.put(['a'], { c: value });
      await table.update(['b'], [{ PUT: [{ c: value }] }]);
    }
    const versions = await table.versions(['b'], 'c');
    assert.deepEqual(versions.map(([, value]) => value), ['z', 'y', 'x']);
    for (const [time] of versions) {
      assert.ok(Math.abs(time - Date.now()) < 60_000, `version ${time}`);
    }
    // A put leaves nothing of the row that was there.
    assert.deepEqual((await table.versions(['a'], 'c')).map(([, value]) => value), ['z']);
  },

  async one_version_deleted() {
    const table = await versioned(5, 3);
    await table.update(['a'], [{ DELETE: [{ c: NOW + 2000 }] }]);
    assert.deepEqual((await table.versions(['a'], 'c')).map(([, value]) => value), ['v3', 'v1']);
  },

  async all_versions_deleted() {
    const table = await versioned(5, 3);
    await table.update(['a'], [{ PUT: [{ kept: 'k' }] }, { DELETE_ALL: ['c'] }]);
    assert.deepEqual(await table.read(['a']), { kept: 'k' });
  },

  async versions_chosen_by_time() {
    const table = await versioned(5, 4);
    const times = (timeRange) => table.versions(['a'], 'c', { maxVersions: 10, timeRange });
    const between = await times({ startTime: NOW + 2000, endTime: NOW + 4000 });
    assert.deepEqual(between.map(([, value]) => value), ['v3', 'v2']);
  },

  async expired_cells_are_gone() {
    const table = await newTable({ timeToLive: 1 });
    await table.put(['a'], { c: 'x' });
    assert.deepEqual(await table.read(['a']), { c: 'x' });
    await new Promise((resolve) => { setTimeout(resolve, 2100); });
    assert.equal(await table.read(['a']), undefined);
  },

  async far_timestamps_refused() {
    const table = await newTable({ maxVersions: 2 });
    const put = (timestamp) => table.update(['a'], [{ PUT: [{ c: 'x', timestamp }] }]);
    await assertInvalid(put(NOW + 2 * 86400_000), 'Invalid timestamp. Cell:c');
    await assertInvalid(put(NOW - 2 * 86400_000), 'Invalid timestamp. Cell:c');
    await assertInvalid(put(-1), 'Timestamp must be in range [0, INT64_MAX/1000).');
  },
};
