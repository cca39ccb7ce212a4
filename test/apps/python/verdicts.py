"""What every program here is started with: the port of a pool and how to name its keys ("" = the library's own way).

It prints one JSON document of verdicts, or {"error": "..."} with what a user of the library would have been told.
"""

import json
import os
import sys
import time

HOST = "127.0.0.1"


def arguments():
    """Port and naming; None where the library shall name its keys itself."""
    port, naming = sys.argv[1:3]
    return int(port), naming or None


def until(what, condition):
    """Asks until it is so; what a user would wait for has half a minute."""
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise RuntimeError(f"waited 30 s for {what}")


def say(program):
    """Runs a program, prints its verdicts and ends the process: libraries leave threads behind."""
    try:
        verdicts = program(*arguments())
    except Exception as error:  # what the user would be told, whatever its class
        verdicts = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(verdicts), flush=True)
    os._exit(0)
