'use strict';
// What the checks of Log Service start from, and how they look at refusals.

const assert = require('node:assert/strict');

const { logService } = require('./environment');
const { refusal, unique } = require('./harness');
const { pullAll } = require('./pull');

/** A project of its own. */
const newProject = async (client = logService()) => {
  const project = unique('node-project-');
  await client.createProject(project, { description: 'of a check' });
  return { client, project };
};

/** A logstore of its own, in a project of its own. */
const newLogstore = async (shardCount = 1) => {
  const { client, project } = await newProject();
  const logstore = unique('node-logstore-');
  await client.createLogStore(project, logstore, { ttl: 7, shardCount });
  return { client, project, logstore };
};

/** A log as the package takes it. */
const logOf = (content, timestamp = 1_700_000_000) => ({ timestamp, content });

/** Puts one log group for each of `ids`, with a log that carries the id. */
const putIds = async ({ client, project, logstore }, ids) => {
  for (const id of ids) {
    await client.postLogStoreLogs(project, logstore, { logs: [logOf({ id: String(id) })] });
  }
};

/** All log groups of a logstore, as pairs of shard and group. */
const groupsOf = async ({ client, project, logstore }) => {
  const groups = [];
  for await (const entry of pullAll(client, project, logstore)) {
    groups.push(entry);
  }
  return groups;
};

/** The values of `id` in the logs of groups. */
const idsOf = (groups) => groups.flatMap(({ Logs }) => Logs.map(({ Contents: [{ Value }] }) => Value));

/** The number that a cursor spells. */
const cursorNumber = (cursor) => BigInt(Buffer.from(cursor, 'base64').toString());

/** The call is refused with this code, name, message and a request id: all that the package shows of it. */
const assertRefused = async (promise, code, message) => {
  const error = await refusal(promise);
  assert.equal(error.code, code, error.stack);
  assert.equal(error.name, `${code}Error`);
  assert.match(error.requestid, /^[0-9A-F]{24}$/);
  if (message instanceof RegExp) {
    assert.match(error.message, message);
  } else {
    assert.equal(error.message, message);
  }
};

module.exports = { assertRefused, cursorNumber, groupsOf, idsOf, logOf, newLogstore, newProject, putIds };
