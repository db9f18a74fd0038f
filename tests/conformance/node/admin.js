'use strict';
// The sandbox is steered and looked into from outside, by what no SDK can ask of it.

const { required } = require('./environment');
const { afterwards } = require('./harness');

const call = async (method, path, body) => {
  const answer = await fetch(`${required('SANDBOX_ADMIN')}/${path}`, { method, body });
  const text = await answer.text();
  if (!answer.ok) {
    throw new Error(`${method} ${path} was answered ${answer.status} ${text}`);
  }
  return JSON.parse(text);
};

/** Adds faults, in the words of a fault script, that are gone after the check. */
const addFaults = async (script) => {
  afterwards(() => call('DELETE', 'faults'));
  await call('POST', 'faults', script);
};

/** The error codes of the latest calls of an operation, oldest first; empty where one went well. */
const latestCodes = async (operation, limit) => {
  const calls = await call('GET', `calls?operation=${operation}&limit=${limit}`);
  return calls.map(({ code }) => code);
};

module.exports = { addFaults, latestCodes };
