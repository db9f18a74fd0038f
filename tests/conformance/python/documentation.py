"""The example that the documentation shows."""

import json
import pathlib
import subprocess
import sys

from harness import check, equal

EXAMPLE = pathlib.Path(__file__).with_name("example.py")


@check
def example():
    """The documentation's example puts a log and a row, and reads both back."""
    command = [sys.executable, "-W", "ignore", EXAMPLE]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=50, check=True)
    log, row = done.stdout.split("\n", 1)
    assert "'path': '/'" in log and "'__source__': '10.0.0.1'" in log, log
    told = json.loads(row)
    equal(told["primary_key"], [["ip", "10.0.0.1"], ["time", "12:00:00"]])
    equal(told["attribute_columns"][0][:2], ["path", "/"])
