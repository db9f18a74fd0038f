'use strict';
// Projects and logstores: create, read, list, change, delete.

const assert = require('node:assert/strict');

const { unique } = require('../harness');
const { assertRefused, newLogstore, newProject } = require('../log-fixtures');

module.exports = {
  async project_created_and_read() {
    const { client, project } = await newProject();
    const read = await client.getProject(project);
    assert.equal(read.projectName, project);
    assert.equal(read.description, 'of a check');
    assert.equal(read.status, 'Normal');
    assert.match(read.createTime, /^\d+$/);
  },

  async project_created_twice_refused() {
    const { client, project } = await newProject();
    const again = client.createProject(project, { description: '' });
    await assertRefused(again, 'ProjectAlreadyExist', /already exist/);
  },

  async project_deleted() {
    const { client, project } = await newProject();
    await client.deleteProject(project);
    await assertRefused(client.getProject(project), 'ProjectNotExist', `The Project does not exist : ${project}`);
  },

  async logstore_created_and_read() {
    const { client, project, logstore } = await newLogstore(3);
    const read = await client.getLogStore(project, logstore);
    assert.equal(read.logstoreName, logstore);
    assert.equal(read.ttl, 7);
    assert.equal(read.shardCount, 3);
    assert.equal(read.enable_tracking, false);
  },

  async logstore_created_twice_refused() {
    const { client, project, logstore } = await newLogstore();
    const again = client.createLogStore(project, logstore, { ttl: 1, shardCount: 1 });
    await assertRefused(again, 'LogStoreAlreadyExist', `logstore ${logstore} already exists`);
  },

  async logstore_updated() {
    const { client, project, logstore } = await newLogstore(2);
    await client.updateLogStore(project, logstore, { ttl: 30, shardCount: 2 });
    const { ttl, shardCount } = await client.getLogStore(project, logstore);
    assert.deepEqual({ ttl, shardCount }, { ttl: 30, shardCount: 2 });
  },

  async logstore_deleted() {
    const { client, project, logstore } = await newLogstore();
    await client.deleteLogStore(project, logstore);
    const message = `logstore ${logstore} does not exist`;
    await assertRefused(client.getLogStore(project, logstore), 'LogStoreNotExist', message);
    await assertRefused(client.deleteLogStore(project, logstore), 'LogStoreNotExist', message);
  },

  async logstores_listed() {
    const { client, project } = await newProject();
    const names = ['access-a', 'access-b', 'error-a'];
    for (const name of names) {
      await client.createLogStore(project, name, { ttl: 1, shardCount: 1 });
    }
    assert.deepEqual(await client.listLogStore(project), { count: 3, total: 3, logstores: names });
    assert.deepEqual(await client.listLogStore(project, { offset: 1, size: 1 }), {
      count: 1,
      total: 3,
      logstores: ['access-b'],
    });
    const { logstores } = await client.listLogStore(project, { logstoreName: 'error' });
    assert.deepEqual(logstores, ['error-a']);
  },

  async bad_logstore_refused() {
    const { client, project } = await newProject();
    const create = (name, ttl, shardCount) => client.createLogStore(project, name, { ttl, shardCount });
    await assertRefused(create('UPPER', 1, 1), 'LogStoreInfoInvalid', /./);
    await assertRefused(create('no-ttl', 0, 1), 'LogStoreInfoInvalid', /ttl/);
    await assertRefused(create('no-shard', 1, 0), 'LogStoreInfoInvalid', /shardCount/);
  },

  async missing_project_refused() {
    const { client } = await newProject();
    const project = unique('node-missing-');
    const message = `The Project does not exist : ${project}`;
    await assertRefused(client.listLogStore(project), 'ProjectNotExist', message);
    await assertRefused(client.deleteProject(project), 'ProjectNotExist', message);
  },

  async query_without_index_refused() {
    const { client, project, logstore } = await newLogstore();
    const [from, to] = [new Date(Date.now() - 60_000), new Date()];
    const message = 'logstore without index config';
    await assertRefused(client.getLogs(project, logstore, from, to), 'IndexConfigNotExist', message);
    await assertRefused(client.getHistograms(project, logstore, from, to), 'IndexConfigNotExist', message);
    const index = client.getIndexConfig(project, logstore);
    await assertRefused(index, 'IndexConfigNotExist', "index config doesn't exist");
  },
};
