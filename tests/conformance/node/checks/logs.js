'use strict';
// Logs that are put: what arrives, and what is refused.

const assert = require('node:assert/strict');

const { unique } = require('../harness');
const {
  assertRefused, cursorNumber, groupsOf, idsOf, logOf, newLogstore, putIds,
} = require('../log-fixtures');
const { getCursor, pullLogs } = require('../pull');

module.exports = {
  async put_logs_arrive_whole() {
    const at = await newLogstore();
    await at.client.postLogStoreLogs(at.project, at.logstore, {
      topic: 'a topic',
      source: '10.0.0.1',
      tags: [{ host: 'h-1' }, { zone: 'z', rack: '' }],
      logs: [
        logOf({ path: '/index', empty: '', Größe: 'naïve 日本 🚀' }, 1_700_000_001),
        logOf({ path: '/second' }, 1_700_000_002),
      ],
    });
    const [{ group }, ...others] = await groupsOf(at);
    assert.equal(others.length, 0);
    assert.deepEqual(group.toJSON(), {
      Topic: 'a topic',
      Source: '10.0.0.1',
      LogTags: [
        { Key: 'host', Value: 'h-1' }, { Key: 'zone', Value: 'z' }, { Key: 'rack', Value: '' },
      ],
      Logs: [
        {
          Time: 1_700_000_001,
          Contents: [
            { Key: 'path', Value: '/index' },
            { Key: 'empty', Value: '' },
            { Key: 'Größe', Value: 'naïve 日本 🚀' },
          ],
        },
        { Time: 1_700_000_002, Contents: [{ Key: 'path', Value: '/second' }] },
      ],
    });
  },

  async put_nanoseconds_arrive() {
    const at = await newLogstore();
    const log = { ...logOf({ a: 'b' }), timestampNsPart: 999_999_999 };
    await at.client.postLogStoreLogs(at.project, at.logstore, { logs: [log, { ...log, timestampNsPart: 0 }] });
    const [{ group }] = await groupsOf(at);
    assert.deepEqual(group.Logs.map(({ TimeNs }) => TimeNs), [999_999_999, 0]);
  },

  async put_of_many_logs_is_one_group() {
    const at = await newLogstore();
    const ids = Array.from({ length: 2000 }, (_, number) => String(number));
    await at.client.postLogStoreLogs(at.project, at.logstore, { logs: ids.map((id) => logOf({ id })) });
    const groups = await groupsOf(at);
    assert.equal(groups.length, 1);
    assert.deepEqual(idsOf(groups.map(({ group }) => group)), ids);
  },

  async puts_spread_over_shards_all_arrive() {
    const at = await newLogstore(4);
    const ids = Array.from({ length: 20 }, (_, number) => String(number));
    await putIds(at, ids);
    const groups = await groupsOf(at);
    assert.deepEqual(idsOf(groups.map(({ group }) => group)).sort(), ids.sort());
    assert.ok(new Set(groups.map(({ shard }) => shard)).size > 1, 'one shard got everything');
  },

  async cursor_moves_one_step_per_put() {
    const at = await newLogstore();
    const end = () => getCursor(at.client, at.project, at.logstore, 0, 'end').then(cursorNumber);
    const before = await end();
    await putIds(at, [1, 2, 3]);
    assert.equal(await end(), before + 3n);
    assert.equal(cursorNumber(await getCursor(at.client, at.project, at.logstore, 0, 'begin')), before);
  },

  async cursor_by_time() {
    const { client, project, logstore } = await newLogstore();
    await putIds({ client, project, logstore }, [1]);
    const cursor = (from) => getCursor(client, project, logstore, 0, from);
    const now = Math.floor(Date.now() / 1000);
    assert.equal(await cursor(now - 3600), await cursor('begin'));
    assert.equal(await cursor(now + 3600), await cursor('end'));
  },

  async pull_pages_by_count() {
    const { client, project, logstore } = await newLogstore();
    await putIds({ client, project, logstore }, [1, 2, 3, 4, 5]);
    let cursor = await getCursor(client, project, logstore, 0, 'begin');
    const pages = [];
    for (let page = 0; page < 3; page += 1) {
      const { groups, next, headers } = await pullLogs(client, project, logstore, 0, cursor, 2);
      assert.equal(headers['x-log-count'], String(groups.length));
      pages.push(idsOf(groups));
      cursor = next;
    }
    assert.deepEqual(pages, [['1', '2'], ['3', '4'], ['5']]);
  },

  async pull_at_the_end_is_empty() {
    const { client, project, logstore } = await newLogstore();
    await putIds({ client, project, logstore }, [1]);
    const end = await getCursor(client, project, logstore, 0, 'end');
    const { groups, next, headers } = await pullLogs(client, project, logstore, 0, end, 10);
    assert.deepEqual(groups, []);
    assert.equal(next, end);
    assert.equal(headers['x-log-count'], '0');
    assert.equal(headers['x-log-bodyrawsize'], '0');
  },

  async bad_pulls_refused() {
    const { client, project, logstore } = await newLogstore();
    await putIds({ client, project, logstore }, [1]);
    const begin = await getCursor(client, project, logstore, 0, 'begin');
    const pull = (shard, cursor, count) => client._request(
      'GET', project, `/logstores/${logstore}/shards/${shard}`, { type: 'log', cursor, count }, null, {},
    );
    await assertRefused(pull(0, 'not a cursor', 1), 'ParameterInvalid', /Cursor is not valid/);
    const farAway = Buffer.from(String(cursorNumber(begin) + 1000n)).toString('base64');
    await assertRefused(pull(0, farAway, 1), 'InvalidCursor', /./);
    await assertRefused(pull(0, begin, 0), 'ParameterInvalid', /count/);
    await assertRefused(pull(0, begin, 1001), 'ParameterInvalid', /count/);
    await assertRefused(pull(7, begin, 1), 'ShardNotExist', /7/);
  },

  async bad_puts_refused() {
    const { client, project, logstore } = await newLogstore();
    const missing = unique('node-missing-');
    const put = client.postLogStoreLogs(project, missing, { logs: [logOf({ a: 'b' })] });
    await assertRefused(put, 'LogStoreNotExist', `logstore ${missing} does not exist`);
    const huge = logOf({ a: 'x'.repeat(10 * 1024 * 1024) });
    const tooLarge = client.postLogStoreLogs(project, logstore, { logs: [huge] });
    await assertRefused(tooLarge, 'PostBodyTooLarge', /Body size/);
    const type = { 'content-type': 'application/x-protobuf', 'x-log-bodyrawsize': 3 };
    const garbled = client._request(
      'POST', project, `/logstores/${logstore}/shards/lb`, {}, Buffer.from('???'), type,
    );
    await assertRefused(garbled, 'PostBodyInvalid', /./);
  },
};
