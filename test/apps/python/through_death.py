"""What a program does while the master of its shard dies under it.

It says "begun" when it is at work, hears "killed", and ends when enough of what it did after that worked, and everything
that had been accepted.
"""

import os
import subprocess
import sys
import threading
import time

from verdicts import HOST

PASSWORD = os.environ.get("APPS_PASSWORD", "")
PAUSE = 0.025
BEFORE = 20
AFTER = 40
# so that a slow worker is not left behind
MOST_WAITING = 30
PATIENCE = 30

killed = threading.Event()


def url(port, database=0):
    return f"redis://:{PASSWORD}@{HOST}:{port}/{database}"


def listen():
    for line in sys.stdin:
        if line.strip() == "killed":
            killed.set()


class Worker:
    """A worker that is a process of its own, started again when it ends, as its supervisor would."""

    def __init__(self, *arguments, **environment):
        self._command = [sys.executable, "-m", *arguments]
        self._environment = {**os.environ, **environment}

    def __enter__(self):
        self._start()
        return self

    def _start(self):
        nothing = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(self._command, env=self._environment, **nothing)

    @property
    def lives(self):
        return self._process.poll() is None

    def watch(self):
        if not self.lives:
            self._start()

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()


def feed(accept, done, held=frozenset):
    """Gives a queue one job after the other.

    accept takes a number and returns when the queue has it; done returns the set of numbers that were worked on; held
    the set of those that the queue keeps for when their worker is taken for dead, which takes it minutes.
    Returns the jobs that were accepted, and are neither.
    """
    threading.Thread(target=listen, daemon=True).start()
    accepted, later, told, number = [], [], False, 0
    ends = time.monotonic() + 4 * PATIENCE
    while len(done().intersection(later)) < AFTER:
        if time.monotonic() > ends:
            raise RuntimeError(f"{len(later)} jobs accepted after the kill, {len(done().intersection(later))} of them done in time")
        if not told and len(done()) >= BEFORE:
            told = True
            print("begun", flush=True)
        time.sleep(PAUSE)
        if len(set(accepted) - done()) >= MOST_WAITING:
            continue
        since = killed.is_set()
        try:
            accept(number)
            accepted.append(number)
            if since:
                later.append(number)
        except Exception:  # not accepted: its user knows, and would ask again
            pass
        number += 1
    ends = time.monotonic() + PATIENCE
    lost = accepted
    while lost and time.monotonic() < ends:
        time.sleep(0.05)
        # in this order: what is done in between is seen either way
        kept = held()
        lost = sorted(set(accepted) - kept - done())
    return {"lost": lost, "worked": True}
