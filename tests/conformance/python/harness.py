"""Checks: how they are declared, run side by side, and told.

A check is a function; its name and the first line of its docstring are its line in checks.tsv. It
passes by returning. Checks share nothing but the sandbox, so they run on a few threads; those
marked `alone` need the sandbox for themselves and come last.
"""

import os
import pathlib
import queue
import sys
import threading
import time
import traceback

from aliyun.log import LogException
from tablestore import OTSServiceError

SUITE = "python"
LANES = 6
PATIENCE_SECONDS = 90
PLAN = pathlib.Path(__file__).with_name("checks.tsv")

_checks = {}
_output = threading.Lock()


class Check:
    def __init__(self, function, alone):
        self.name = function.__name__
        self.function = function
        self.alone = alone
        self.shows = function.__doc__.strip().splitlines()[0].rstrip(".")

    def run(self):
        """Tells whether the check passes; why not goes out in one line, the traceback to stderr."""
        outcome = queue.SimpleQueue()
        threading.Thread(target=self._attempt, args=[outcome], daemon=True, name=self.name).start()
        try:
            fault = outcome.get(timeout=PATIENCE_SECONDS)
        except queue.Empty:
            fault = f"no end after {PATIENCE_SECONDS} s"
        with _output:
            print(f"{SUITE}/{self.name}: " + (f"FAIL {fault}" if fault else "ok"), flush=True)
        return fault is None

    def _attempt(self, outcome):
        try:
            self.function()
            outcome.put(None)
        except BaseException as error:
            traceback.print_exc()
            step = innermost(error)
            said = " ".join(str(error).split()) or step.line
            kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
            outcome.put(f"{kind}{said[:400]} ({pathlib.Path(step.filename).name}:{step.lineno})")


def innermost(error):
    """The last step of the traceback that is in a check, not in this file or a package."""
    here = pathlib.Path(__file__)
    steps = traceback.extract_tb(error.__traceback__)
    own = [
        step
        for step in steps
        if pathlib.Path(step.filename).parent == here.parent and step.filename != str(here)
    ]
    return (own or steps)[-1]


def check(function=None, *, alone=False):
    """Declares a check."""
    if function is None:
        return lambda function: check(function, alone=alone)
    assert function.__name__ not in _checks, f"two checks are called {function.__name__}"
    _checks[function.__name__] = Check(function, alone)
    return function


def plan():
    """checks.tsv as the checks themselves have it."""
    return "".join(f"{check.name}\t{check.shows}\n" for check in _checks.values())


def run(names):
    """Runs the named checks, or all; the exit code says whether they passed."""
    if plan() != PLAN.read_text():
        print("checks.tsv is not what the checks say: write `suite --list` to it", file=sys.stderr)
        return 1
    chosen = [_checks[name] for name in names] or list(_checks.values())
    together = queue.SimpleQueue()
    for check in chosen:
        if not check.alone:
            together.put(check)
    passed = []

    def lane():
        while True:
            try:
                check = together.get_nowait()
            except queue.Empty:
                return
            passed.append(check.run())

    lanes = [threading.Thread(target=lane) for _ in range(LANES)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    passed += [check.run() for check in chosen if check.alone]
    return 0 if all(passed) else 1


def main(arguments):
    """`--list` prints the plan; otherwise runs, and leaves hanging checks behind."""
    if arguments == ["--list"]:
        sys.stdout.write(plan())
        return
    code = run(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


# What checks say.


def equal(actual, expected, what="got"):
    assert actual == expected, f"{what} {shorten(actual)}, expected {shorten(expected)}"


def shorten(value):
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:120]}… ({len(text)} characters)"


def until(condition, what, seconds=20):
    """Waits until `condition` gives something true, and returns it."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)
    return found


def log_refuses(status, code, message, call, *arguments, **options):
    """Log Service refuses the call; the SDK makes of it a LogException with all there is to tell.

    `message` is the whole message, or None where the service's words are not known.
    """
    try:
        call(*arguments, **options)
    except LogException as error:
        equal((error.get_resp_status(), error.get_error_code()), (status, code), "refused with")
        if message is not None:
            equal(error.get_error_message(), message, "message")
        assert error.get_error_message(), f"{code} comes without a message"
        id = error.get_request_id()
        assert len(id) == 24 and int(id, 16), f"request id is {id!r}"
        return error
    raise AssertionError(f"not refused: {shorten(arguments)}; expected {status} {code}")


def table_refuses(status, code, message, call, *arguments, **options):
    """Table Store refuses the call; the SDK makes of it an OTSServiceError."""
    try:
        call(*arguments, **options)
    except OTSServiceError as error:
        told = (error.get_http_status(), error.get_error_code(), error.get_error_message())
        equal(told, (status, code, message), "refused with")
        assert error.get_request_id().count("-") == 4, f"request id is {error.get_request_id()!r}"
        return error
    raise AssertionError(f"not refused: {shorten(arguments)}; expected {code}: {message}")
