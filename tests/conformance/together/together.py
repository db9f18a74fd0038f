"""Several languages and the shipper at once, on one sandbox. Prints one line a check."""

import sys

import harness

# Stories register themselves: long ones first.
import sharing  # noqa: F401
import resharding  # noqa: F401
import logs  # noqa: F401
import rows  # noqa: F401

sys.exit(0 if harness.run(sys.argv[1:]) else 1)
