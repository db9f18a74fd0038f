'use strict';
// Consumer groups, through the package's general call: it has none of its own for them.

const assert = require('node:assert/strict');

const { assertRefused, newLogstore, putIds } = require('../log-fixtures');
const { getCursor } = require('../pull');

/** The calls of one consumer group of a logstore. */
const groupIn = ({ client, project, logstore }, group) => {
  const all = `/logstores/${logstore}/consumergroups`;
  const call = (verb, path, queries, body) => client._request(
    verb, project, path, queries, body === undefined ? null : Buffer.from(JSON.stringify(body)), {},
  );
  return {
    create: (timeout, order) => call('POST', all, {}, { consumerGroup: group, timeout, order }),
    list: () => call('GET', all, {}),
    update: (settings) => call('PUT', `${all}/${group}`, {}, settings),
    remove: () => call('DELETE', `${all}/${group}`, {}),
    heartbeat: (consumer, shards) => call('POST', `${all}/${group}`, { type: 'heartbeat', consumer }, shards),
    save: (consumer, shard, checkpoint, forceSuccess = false) => call(
      'POST', `${all}/${group}`, { type: 'checkpoint', consumer, forceSuccess }, { shard, checkpoint },
    ),
    checkpoints: (queries = {}) => call('GET', `${all}/${group}`, queries),
  };
};

const sorted = (numbers) => [...numbers].sort((a, b) => a - b);

module.exports = {
  async consumer_group_created_changed_deleted() {
    const group = groupIn(await newLogstore(), 'group');
    await group.create(60, true);
    assert.deepEqual(await group.list(), [{ name: 'group', timeout: 60, order: true }]);
    await assertRefused(group.create(60, true), 'ConsumerGroupAlreadyExist', /group/);
    await group.update({ timeout: 20, order: false });
    assert.deepEqual(await group.list(), [{ name: 'group', timeout: 20, order: false }]);
    await group.remove();
    assert.deepEqual(await group.list(), []);
    await assertRefused(group.remove(), 'ConsumerGroupNotExist', /group/);
  },

  async consumers_share_shards() {
    const group = groupIn(await newLogstore(4), 'group');
    await group.create(60, false);
    const first = await group.heartbeat('one', []);
    assert.deepEqual(sorted(first), [0, 1, 2, 3]);
    assert.deepEqual(await group.heartbeat('two', []), []);
    const kept = await group.heartbeat('one', first);
    assert.equal(kept.length, 2);
    await group.heartbeat('one', kept);
    const given = await group.heartbeat('two', []);
    assert.deepEqual(sorted([...kept, ...given]), [0, 1, 2, 3]);
  },

  async unknown_consumer_with_shards_refused() {
    const group = groupIn(await newLogstore(), 'group');
    await group.create(60, false);
    await assertRefused(group.heartbeat('nobody', [0]), 'NotExistConsumerWithBody', /nobody/);
  },

  async checkpoint_saved_and_read() {
    const at = await newLogstore(2);
    const group = groupIn(at, 'group');
    await group.create(60, false);
    await group.heartbeat('one', []);
    const fresh = await group.checkpoints();
    assert.deepEqual(fresh.map(({ shard, checkpoint }) => [shard, checkpoint]), [[0, ''], [1, '']]);
    await putIds(at, [1]);
    const cursor = await getCursor(at.client, at.project, at.logstore, 0, 'end');
    await group.save('one', 0, cursor);
    const [saved] = await group.checkpoints({ shard: 0 });
    assert.equal(saved.checkpoint, cursor);
    assert.equal(saved.consumer, 'one');
    const microseconds = Date.now() * 1000;
    assert.ok(Math.abs(saved.updateTime - microseconds) < 60e6, `updateTime ${saved.updateTime}`);
  },

  async checkpoint_of_another_refused_unless_forced() {
    const at = await newLogstore();
    const group = groupIn(at, 'group');
    await group.create(60, false);
    await group.heartbeat('one', []);
    const cursor = await getCursor(at.client, at.project, at.logstore, 0, 'begin');
    await group.heartbeat('two', []);
    await assertRefused(group.save('two', 0, cursor), 'ConsumerNotMatch', /two/);
    await assertRefused(group.save('nobody', 0, cursor), 'ConsumerNotExist', /nobody/);
    await assertRefused(group.save('one', 0, 'not base64!'), 'InvalidShardCheckPoint', /./);
    await group.save('two', 0, cursor, true);
    assert.equal((await group.checkpoints({ shard: 0 }))[0].checkpoint, cursor);
  },
};
