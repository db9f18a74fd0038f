'use strict';
// What the SDKs do when a service is busy, or a connection breaks.

const assert = require('node:assert/strict');

const { addFaults, latestCodes } = require('../admin');
const { refusal } = require('../harness');
const logs = require('../log-fixtures');
const { IGNORE, assertRefused, newTable } = require('../table-fixtures');

module.exports = {
  async busy_reads_are_sent_again() {
    const table = await newTable();
    await table.put(['a'], { v: 'x' });
    await addFaults('next 2 GetRow: busy');
    assert.deepEqual(await table.read(['a']), { v: 'x' });
    assert.deepEqual(await latestCodes('GetRow', 3), ['OTSServerBusy', 'OTSServerBusy', '']);
  },

  async busy_writes_are_not_sent_again() {
    const table = await newTable();
    await addFaults('next 1 PutRow: busy');
    await assertRefused(table.put(['a'], { v: 'x' }), 503, 'OTSServerBusy', 'Server is busy.');
    await table.put(['a'], { v: 'x' });
    assert.deepEqual(await latestCodes('PutRow', 2), ['OTSServerBusy', '']);
  },

  async rows_fail_as_scripted() {
    const table = await newTable();
    await addFaults('next 1 BatchWriteRow: partition-key prefix "b" OTSRowOperationConflict "Try again."');
    const rows = ['a', 'b1', 'b2', 'c'].map((pk) => ({
      type: 'PUT', condition: IGNORE, primaryKey: table.key(pk), attributeColumns: [],
    }));
    const { tables } = await table.client.batchWriteRow({ tables: [{ tableName: table.name, rows }] });
    const conflict = [false, 'OTSRowOperationConflict', 'Try again.'];
    const good = [true, null, null];
    const shown = tables.map(({ isOk, errorCode, errorMessage }) => [isOk, errorCode, errorMessage]);
    assert.deepEqual(shown, [good, conflict, conflict, good]);
    assert.equal(await table.read(['b1']), undefined);
    assert.deepEqual(await table.read(['c']), {});
  },

  async cut_connections_are_network_errors() {
    const table = await newTable();
    await addFaults('next 1 PutRow: cut before');
    assert.equal((await refusal(table.put(['a'], {}))).code, 'NetworkingError');
    assert.equal(await table.read(['a']), undefined);
    await addFaults('next 1 PutRow: cut after');
    assert.equal((await refusal(table.put(['a'], {}))).code, 'NetworkingError');
    assert.deepEqual(await table.read(['a']), {});
  },

  async log_quota_refused_as_scripted() {
    const at = await logs.newLogstore();
    const message = 'shard write quota exceed';
    await addFaults(`next 1 PutLogs: refuse 403 ShardWriteQuotaExceed "${message}"`);
    await logs.assertRefused(logs.putIds(at, [1]), 'ShardWriteQuotaExceed', message);
    await logs.putIds(at, [2]);
    const groups = await logs.groupsOf(at);
    assert.deepEqual(logs.idsOf(groups.map(({ group }) => group)), ['2']);
  },
};
