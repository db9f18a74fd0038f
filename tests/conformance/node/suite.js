'use strict';
// The checks of the Node SDKs, in the order of checks.tsv.

const { run } = require('./harness');

const checks = {
  ...require('./checks/projects'),
  ...require('./checks/logs'),
  ...require('./checks/shards'),
  ...require('./checks/consumer-groups'),
  ...require('./checks/log-access'),
  ...require('./checks/tables'),
  ...require('./checks/values'),
  ...require('./checks/rows'),
  ...require('./checks/versions'),
  ...require('./checks/conditions'),
  ...require('./checks/ranges'),
  ...require('./checks/batches'),
  ...require('./checks/limits'),
  ...require('./checks/table-access'),
  ...require('./checks/faults'),
  ...require('./checks/documentation'),
};

run('node', checks).then((failed) => {
  // The SDKs keep idle connections; there is nothing to wait for.
  process.exit(failed === 0 ? 0 : 1);
});
