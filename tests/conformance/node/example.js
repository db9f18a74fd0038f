// Puts a log and a row into a running sandbox, and reads the row back.

const dns = require('node:dns');
const Log = require('@alicloud/log');
const TableStore = require('tablestore');

const { env } = process;
const keys = { accessKeyId: env.ACCESS_KEY_ID, accessKeySecret: env.ACCESS_KEY_SECRET };

// The SDK puts the project in front of the endpoint, so let every such name mean the sandbox.
const { lookup } = dns;
dns.lookup = (name, ...rest) => lookup(name.endsWith('.log.example') ? '127.0.0.1' : name, ...rest);

const main = async () => {
  const port = env.LOG_SERVICE_ADDRESS.split(':').pop();
  const logs = new Log({ ...keys, endpoint: `http://sandbox.log.example:${port}` });
  const log = { timestamp: Math.floor(Date.now() / 1000), content: { path: '/' } };
  await logs.postLogStoreLogs('demo', 'access', { logs: [log] });

  const tables = new TableStore.Client({ ...keys, endpoint: env.TABLE_STORE_ENDPOINT, instancename: 'sandbox' });
  const condition = new TableStore.Condition(TableStore.RowExistenceExpectation.IGNORE, null);
  const row = { tableName: 'access_log', primaryKey: [{ ip: '10.0.0.1' }, { time: '12:00:00' }] };
  await tables.putRow({ ...row, condition, attributeColumns: [{ path: '/' }] });
  const [column] = (await tables.getRow(row)).row.attributes;
  console.log(`${column.columnName} is ${column.columnValue}`);
};

main();
