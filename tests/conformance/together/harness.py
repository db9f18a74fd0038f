"""Stories and their checks.

A story is a function that shows one or more checks; stories run beside each other. A check that
fails does not end its story; where a story breaks off, the checks that it never came to fail.
"""

import concurrent.futures
import contextlib
import functools
import itertools
import os
import sys
import threading
import time
import traceback

SUITE = "together"

#: Stories at once. They mostly wait for heartbeats; what costs is the start of a peer.
AT_ONCE = 5
#: The runner ends a suite after 300 s; before that, what is missing is told.
SECONDS = 285

_stories = {}
_verdicts = {}
_output = threading.Lock()


class Failed(Exception):
    """A promise that was not kept, in one line."""


def story(*checks):
    """Registers the story of these checks. Without them it is one check, of the function's name."""

    def register(function):
        name = function.__name__
        _stories[name] = (function, checks) if checks else (functools.partial(_only, name, function), (name,))
        return function

    return register


def for_each(values, *patterns):
    """Registers a function of one value as a story for each. Patterns make names of checks out of the
    value; without them the story is one check, named after the function and the value."""

    def register(function):
        for value in values:
            name = f"{function.__name__}_{value}"
            if patterns:
                checks = tuple(pattern.format(value) for pattern in patterns)
                _stories[name] = (functools.partial(function, value), checks)
            else:
                _stories[name] = (functools.partial(_only, name, function, value), (name,))
        return function

    return register


def _only(name, function, *values):
    with check(name):
        function(*values)


@contextlib.contextmanager
def check(name):
    """A part of a story that shows a check."""
    try:
        yield
    except Exception as error:
        _fail(name, error)
    else:
        _tell(name, "ok")


def expect(condition, message):
    if not condition:
        raise Failed(message)


def equal(found, wanted, what):
    """Of lists, the message shows the first difference."""
    if found == wanted:
        return
    if isinstance(found, list) and isinstance(wanted, list):
        pairs = enumerate(itertools.zip_longest(found, wanted, fillvalue="nothing"))
        index, (found, wanted) = next(each for each in pairs if each[1][0] != each[1][1])
        what = f"{what}, number {index}"
    raise Failed(f"{what}: {_short(found)} instead of {_short(wanted)}")


def eventually(probe, seconds, what):
    """Waits until `probe` answers something true, and answers that. `what` was missing; it may be a function."""
    end = time.monotonic() + seconds
    while not (found := probe()):
        if time.monotonic() > end:
            raise Failed(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.05)
    return found


def run(names):
    """Runs the stories of these names, or all; answers whether every check is ok."""
    chosen = [_stories[name] for name in names or _stories]
    planned = [name for _, checks in chosen for name in checks]
    watchdog = threading.Timer(SECONDS, _out_of_time, [planned])
    watchdog.start()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda each: _play(*each), chosen))
    watchdog.cancel()
    return all(_verdicts.get(name) == "ok" for name in planned)


def _play(function, checks):
    began = time.monotonic()
    left = Failed("its story ended without it")
    try:
        function()
    except Exception as error:
        left = error
    for name in checks:
        if name not in _verdicts:
            _fail(name, left)
    print(f"{time.monotonic() - began:.1f} s: {', '.join(checks)}", file=sys.stderr)


def _out_of_time(planned):
    for name in planned:
        if name not in _verdicts:
            _tell(name, f"FAIL no end within {SECONDS} s")
    os._exit(1)


def _fail(name, error):
    text = " ".join(str(error).split())
    if not isinstance(error, Failed):
        traceback.print_exception(error)
        text = f"{type(error).__name__}: {text}"
    _tell(name, f"FAIL {text}")


def _tell(name, verdict):
    with _output:
        _verdicts[name] = verdict
        print(f"{SUITE}/{name}: {verdict}", flush=True)


def _short(value):
    text = repr(value)
    return text if len(text) <= 500 else f"{text[:500]}... ({len(text)} characters)"
