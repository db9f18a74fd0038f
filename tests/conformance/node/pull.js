'use strict';
// The package puts logs but has no call to pull them. This one lends it a transport: requests are
// signed by the package's own signer and answers decoded with its own schema.

const http = require('node:http');
const path = require('node:path');
const querystring = require('node:querystring');
const { createRequire } = require('node:module');

const { logEndpoint } = require('./environment');

const entry = require.resolve('@alicloud/log');
const protobuf = createRequire(entry)('protobufjs');
const schema = protobuf.loadSync(path.join(path.dirname(entry), 'lib', 'sls.proto'));
const LogGroupList = schema.lookupType('sls.LogGroupList');

/** One signed GET; resolves with status, headers and the bytes of the body. */
const get = async (client, project, resource, queries) => {
  const headers = {
    'content-type': 'application/json',
    date: new Date().toUTCString(),
    'x-log-apiversion': '0.6.0',
    'x-log-signaturemethod': 'hmac-sha1',
    'accept-encoding': '',
  };
  const credentials = await client._getCredentials();
  headers.authorization = client._sign('GET', resource, queries, headers, credentials);
  const url = `http://${project}.${logEndpoint()}${resource}?${querystring.stringify(queries)}`;
  return new Promise((resolve, reject) => {
    const request = http.get(url, { headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    request.on('error', reject);
  });
};

/** The log groups from a cursor on, at most `count`, and the cursor that follows them. */
const pullLogs = async (client, project, logstore, shard, cursor, count) => {
  const resource = `/logstores/${logstore}/shards/${shard}`;
  const { status, headers, body } = await get(client, project, resource, { type: 'log', cursor, count });
  if (status !== 200) {
    throw new Error(`the pull was answered ${status}: ${body}`);
  }
  return { groups: LogGroupList.decode(body).logGroupList, next: headers['x-log-cursor'], headers };
};

const shardPath = (logstore, shard = '') => `/logstores/${logstore}/shards${shard === '' ? '' : `/${shard}`}`;

/** The shards of a logstore, by the package's general call. */
const listShards = (client, project, logstore) => (
  client._request('GET', project, shardPath(logstore), {}, null, {})
);

/** The cursor of a shard at `begin`, `end` or a second, by the package's general call. */
const getCursor = async (client, project, logstore, shard, from) => {
  const queries = { type: 'cursor', from };
  const answer = await client._request('GET', project, shardPath(logstore, shard), queries, null, {});
  return answer.cursor;
};

/** Everything in a logstore now, as pairs of shard and log group. */
const pullAll = async function* (client, project, logstore) {
  for (const { shardID: shard } of await listShards(client, project, logstore)) {
    let cursor = await getCursor(client, project, logstore, shard, 'begin');
    const end = await getCursor(client, project, logstore, shard, 'end');
    while (cursor !== end) {
      const { groups, next } = await pullLogs(client, project, logstore, shard, cursor, 1000);
      if (next === cursor) {
        throw new Error('the cursor stands still');
      }
      cursor = next;
      yield* groups.map((group) => ({ shard, group }));
    }
  }
};

module.exports = { getCursor, listShards, pullAll, pullLogs };
