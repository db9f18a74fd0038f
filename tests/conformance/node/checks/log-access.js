'use strict';
// Who may call Log Service.

const assert = require('node:assert/strict');

const { logService, required } = require('../environment');
const { assertRefused, newLogstore, newProject } = require('../log-fixtures');

const temporary = () => ({
  accessKeyId: required('STS_ACCESS_KEY_ID'),
  accessKeySecret: required('STS_ACCESS_KEY_SECRET'),
  securityToken: required('STS_SECURITY_TOKEN'),
});

module.exports = {
  async log_wrong_secret_refused() {
    const { project } = await newProject();
    const call = logService({ accessKeySecret: 'wrong' }).getProject(project);
    await assertRefused(call, 'SignatureNotMatch', /signature/);
  },

  async log_unknown_key_refused() {
    const { project } = await newProject();
    const call = logService({ accessKeyId: 'nobody' }).getProject(project);
    await assertRefused(call, 'InvalidAccessKeyId', /nobody/);
  },

  async log_token_accepted() {
    const { project, logstore } = await newLogstore();
    const client = logService(temporary());
    const logs = [{ timestamp: 1_700_000_000, content: { a: 'b' } }];
    await client.postLogStoreLogs(project, logstore, { logs });
    assert.equal((await client.getLogStore(project, logstore)).logstoreName, logstore);
  },

  async log_wrong_token_refused() {
    const { project } = await newProject();
    for (const securityToken of ['stale', undefined]) {
      const call = logService({ ...temporary(), securityToken }).getProject(project);
      await assertRefused(call, 'Unauthorized', 'The security token you provided is invalid');
    }
  },

  async log_credentials_provider_asked() {
    const { project } = await newProject();
    let asked = 0;
    const credentialsProvider = {
      async getCredentials() {
        asked += 1;
        return temporary();
      },
    };
    const client = logService({ credentialsProvider });
    assert.equal((await client.getProject(project)).projectName, project);
    assert.equal(asked, 1);
  },

  async log_skewed_clock_refused() {
    const { client, project } = await newProject();
    const call = (date) => client._request('GET', project, '/', {}, null, { date: date.toUTCString() });
    const minutes = (count) => new Date(Date.now() + count * 60_000);
    await assertRefused(call(minutes(-20)), 'RequestTimeExpired', /expired/);
    await assertRefused(call(minutes(20)), 'RequestTimeExpired', /expired/);
    assert.equal((await call(minutes(-10))).projectName, project);
  },

  async log_unknown_path_refused() {
    const { client, project } = await newProject();
    const call = client._request('GET', project, '/nowhere', {}, null, {});
    await assertRefused(call, 'NotFound', /\/nowhere/);
  },
};
