'use strict';
// Shards, split and merged through the package's general call: it has none of its own for them.

const assert = require('node:assert/strict');

const { assertRefused, groupsOf, idsOf, newLogstore, putIds } = require('../log-fixtures');
const { listShards } = require('../pull');

const act = ({ client, project, logstore }, shard, queries) => (
  client._request('POST', project, `/logstores/${logstore}/shards/${shard}`, queries, null, {})
);

const shown = (shards) => shards.map((shard) => [
  shard.shardID, shard.status, shard.inclusiveBeginKey, shard.exclusiveEndKey,
]);

const key = (digit) => digit.padEnd(32, digit === 'f' ? 'f' : '0');

module.exports = {
  async shards_cover_the_hash_space() {
    const { client, project, logstore } = await newLogstore(2);
    assert.deepEqual(shown(await listShards(client, project, logstore)), [
      [0, 'readwrite', key('0'), key('8')],
      [1, 'readwrite', key('8'), key('f')],
    ]);
  },

  async shard_split_by_key() {
    const at = await newLogstore(2);
    await putIds(at, [1, 2]);
    const split = await act(at, 0, { action: 'split', key: key('2') });
    assert.deepEqual(shown(split), [
      [0, 'readonly', key('0'), key('8')],
      [2, 'readwrite', key('0'), key('2')],
      [3, 'readwrite', key('2'), key('8')],
    ]);
    await putIds(at, [3, 4, 5]);
    const groups = await groupsOf(at);
    assert.deepEqual(idsOf(groups.map(({ group }) => group)).sort(), ['1', '2', '3', '4', '5']);
  },

  async shards_merged() {
    const at = await newLogstore(2);
    const merged = await act(at, 0, { action: 'merge' });
    assert.deepEqual(shown(merged), [
      [0, 'readonly', key('0'), key('8')],
      [1, 'readonly', key('8'), key('f')],
      [2, 'readwrite', key('0'), key('f')],
    ]);
  },

  async bad_splits_refused() {
    const at = await newLogstore(2);
    await assertRefused(act(at, 0, { action: 'split', key: key('9') }), 'ParameterInvalid', /mid hash/);
    await assertRefused(act(at, 9, { action: 'split', key: key('2') }), 'ShardNotExist', /9/);
    await assertRefused(act(at, 1, { action: 'merge' }), 'ParameterInvalid', /./);
  },
};
