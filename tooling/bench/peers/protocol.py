"""How a peer talks to src/side.ts: one JSON document a line on standard input, one line on standard output for each.

Whatever a library prints goes to standard error instead. A task that cannot be done is an answer too, with the reason.
"""

import json
import os
import sys
import time
import traceback


def serve(versions, prepare):
    """`prepare(task)` gives a function that runs the task once and returns the milliseconds of each of its parts."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    runs = {}

    def answer(request):
        name = request["name"]
        match request["call"]:
            case "prepare":
                runs[name] = prepare(request["task"])
            case "run":
                return repeat(runs[name], request["leastMs"])
            case "release":
                runs.pop(name, None)
        return None

    def send(document):
        answers.write(json.dumps(document) + "\n")
        answers.flush()

    send({"ok": versions})
    for line in sys.stdin:
        try:
            send({"ok": answer(json.loads(line))})
        except Exception as error:
            traceback.print_exc()
            send({"error": f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"})


def repeat(run, least_ms):
    """Milliseconds of each part of each run; at least one run, and as many as `least_ms` holds."""
    times = {}
    start = time.perf_counter()
    while True:
        for part, milliseconds in run().items():
            times.setdefault(part, []).append(milliseconds)
        if (time.perf_counter() - start) * 1000 >= least_ms:
            return times


class Clock:
    """Milliseconds since the last call."""

    def __init__(self):
        self.last = time.perf_counter()

    def __call__(self):
        now = time.perf_counter()
        passed, self.last = (now - self.last) * 1000, now
        return passed
