'use strict';
// Clients of the two SDKs, configured from the environment that the runner of the suites sets.

const Log = require('@alicloud/log');
const TableStore = require('tablestore');

const required = (name) => {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set`);
  }
  return value;
};

/** Where the SDK of Log Service looks for it: a name that resolve.js answers, and the sandbox's port. */
const logEndpoint = () => {
  const [, port] = required('LOG_SERVICE_ADDRESS').split(':');
  return `${required('LOG_SERVICE_ENDPOINT')}:${port}`;
};

/** A client of Log Service, of the class `Client`; with the plain key pair unless `settings` say otherwise. */
const logService = (settings = {}, Client = Log) => new Client({
  endpoint: `http://${logEndpoint()}`,
  accessKeyId: required('ACCESS_KEY_ID'),
  accessKeySecret: required('ACCESS_KEY_SECRET'),
  ...settings,
});

/** A client of Table Store; with the plain key pair unless `settings` say otherwise. */
const tableStore = (settings = {}) => new TableStore.Client({
  endpoint: required('TABLE_STORE_ENDPOINT'),
  instancename: required('INSTANCE'),
  accessKeyId: required('ACCESS_KEY_ID'),
  accessKeySecret: required('ACCESS_KEY_SECRET'),
  ...settings,
});

module.exports = { Log, TableStore, logEndpoint, logService, required, tableStore };
