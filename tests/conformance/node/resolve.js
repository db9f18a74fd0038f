'use strict';
// Preloaded: the host names of the sandbox's Log Service, and no others, resolve to its address.
// The SDK puts the project into the host name, so an address alone cannot be its endpoint.

const dns = require('node:dns');

const { LOG_SERVICE_ENDPOINT: domain, LOG_SERVICE_ADDRESS: address } = process.env;
const [host] = address.split(':');
const lookup = dns.lookup;

dns.lookup = (name, options, callback) => {
  if (name === domain || name.endsWith(`.${domain}`)) {
    return lookup(host, options, callback);
  }
  return lookup(name, options, callback);
};
