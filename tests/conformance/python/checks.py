"""Every check against the sandbox of the environment: `suite [CHECK ...]`, or `suite --list`."""

import logging
import sys

import harness
import log_cursors
import log_projects
import log_pull
import log_put
import log_shards

if __name__ == "__main__":
    # The SDKs report refusals that the checks provoke.
    logging.disable(logging.CRITICAL)
    harness.main(sys.argv[1:])
