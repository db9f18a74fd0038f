"""Every check against the sandbox of the environment: `suite [CHECK ...]`, or `suite --list`."""

import importlib
import logging
import sys

import harness

# Importing a theme declares its checks. Those that wait come first, so that others fill the time.
THEMES = [
    "log_worker",
    "log_tool",
    "documentation",
    "log_projects",
    "log_put",
    "log_pull",
    "log_cursors",
    "log_shards",
    "log_groups",
    "log_signatures",
    "log_errors",
    "table_tables",
    "table_rows",
    "table_conditions",
    "table_versions",
    "table_auto_increment",
    "table_ranges",
    "table_batches",
    "table_limits",
    "table_signatures",
    "table_errors",
    "table_plainbuffer",
    "table_async",
]

if __name__ == "__main__":
    # The SDKs report refusals that the checks provoke.
    logging.disable(logging.CRITICAL)
    for theme in THEMES:
        importlib.import_module(theme)
    harness.main(sys.argv[1:])
