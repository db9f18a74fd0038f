"""JSON lines: how a peer hears and speaks."""

import json
import sys
import threading

_output = threading.Lock()


def say(message):
    line = json.dumps(message, ensure_ascii=False)
    with _output:
        print(line, flush=True)


def said():
    return (json.loads(line) for line in sys.stdin if line.strip())
