'use strict';
// The example that the documentation shows.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');

const { logService } = require('../environment');
const { groupsOf } = require('../log-fixtures');

const EXAMPLE = path.join(__dirname, '..', 'example.js');

module.exports = {
  async example() {
    const { stdout } = await promisify(execFile)(process.execPath, ['--no-deprecation', EXAMPLE]);
    assert.equal(stdout, 'path is /\n');
    const groups = await groupsOf({ client: logService(), project: 'demo', logstore: 'access' });
    const contents = groups.map(({ group }) => group.Logs[0].Contents[0].toJSON());
    assert.deepEqual(contents, [{ Key: 'path', Value: '/' }]);
  },
};
