"""Every check against the sandbox of the environment: `suite [CHECK ...]`, or `suite --list`."""

import logging
import sys

import harness
import log_projects

if __name__ == "__main__":
    # The SDKs report refusals that the checks provoke.
    logging.disable(logging.CRITICAL)
    harness.main(sys.argv[1:])
