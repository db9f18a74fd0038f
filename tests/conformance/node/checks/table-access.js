'use strict';
// Who may call Table Store, and what the package's bytes look like on arrival.

const assert = require('node:assert/strict');

const { TableStore, required, tableStore } = require('../environment');
const { assertRefused, newTable } = require('../table-fixtures');

const temporary = () => ({
  accessKeyId: required('STS_ACCESS_KEY_ID'),
  accessKeySecret: required('STS_ACCESS_KEY_SECRET'),
  securityToken: required('STS_SECURITY_TOKEN'),
});

module.exports = {
  async table_wrong_secret_refused() {
    const call = tableStore({ accessKeySecret: 'wrong' }).listTable({});
    await assertRefused(call, 403, 'OTSAuthFailed', 'Signature mismatch.');
  },

  async table_unknown_key_refused() {
    const call = tableStore({ accessKeyId: 'nobody' }).listTable({});
    await assertRefused(call, 403, 'OTSAuthFailed', 'The AccessKeyID does not exist.');
  },

  async table_token_accepted() {
    const { name } = await newTable();
    const { tableNames } = await tableStore(temporary()).listTable({});
    assert.ok(tableNames.includes(name));
  },

  async table_wrong_token_refused() {
    for (const securityToken of ['stale', undefined]) {
      const call = tableStore({ ...temporary(), securityToken }).listTable({});
      await assertRefused(call, 403, 'OTSAuthFailed', 'The security token is invalid.');
    }
  },

  async trailing_zero_bytes_accepted() {
    const table = await newTable({ maxVersions: 2 });
    const build = TableStore.PlainBufferBuilder;
    const key = table.key('a');
    const update = [{ PUT: [{ v: 'x', timestamp: Date.now() }] }];
    const padded = [
      build.serializePrimaryKey(table.key(TableStore.INF_MIN)),
      build.serializeForUpdateRow(key, update),
    ];
    // The row checksum has tag 9, one byte from the end: with zeros there, the package has padded.
    for (const buffer of padded) {
      assert.deepEqual([...buffer.subarray(-1)], [0]);
      assert.notEqual(buffer.at(-2), 9);
    }
    await table.update(['a'], update);
    const { rows } = await table.range([TableStore.INF_MIN], [TableStore.INF_MAX]);
    assert.equal(rows.length, 1);
  },
};
