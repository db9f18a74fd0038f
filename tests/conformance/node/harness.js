'use strict';
// Runs checks one after the other and says of each whether it holds; and what checks have in common.

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');

/** Longest that one check may take, in milliseconds. */
const PATIENCE = 30_000;

const withinPatience = async (check) => {
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${PATIENCE / 1000} s`)), PATIENCE);
  });
  try {
    await Promise.race([check(), timeout]);
  } finally {
    clearTimeout(timer);
  }
};

/** What went wrong, and where in the checks. */
const oneLine = (error) => {
  const text = String(error?.stack ?? error);
  const [where] = text.match(/checks\/[\w-]+\.js:\d+/) ?? [];
  const message = text.replace(/\n\s+at .*/g, '').replace(/\s+/g, ' ');
  return where ? `${message} (${where})` : message;
};

const leftovers = [];

/** Has `clean` called after the check that runs now. */
const afterwards = (clean) => leftovers.push(clean);

const cleanUp = async () => {
  for (const clean of leftovers.splice(0)) {
    await clean();
  }
};

/** Runs the checks, by name, and prints a line for each; resolves with the number that fail. */
const run = async (suite, checks) => {
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    let result = 'ok';
    try {
      await withinPatience(async () => {
        try {
          await check();
        } finally {
          await cleanUp();
        }
      });
    } catch (error) {
      failed += 1;
      result = `FAIL ${oneLine(error)}`;
    }
    process.stdout.write(`${suite}/${name}: ${result}\n`);
  }
  return failed;
};

/** A name that no other check uses. */
const unique = (prefix) => `${prefix}${randomBytes(5).toString('hex')}`;

/** The error of a call that has to be refused. */
const refusal = async (promise) => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: 'the call was not refused' });
};

module.exports = { afterwards, refusal, run, unique };
