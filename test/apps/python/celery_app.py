"""A Celery application as its first steps have it: the broker and the results in one Redis."""

import os
import subprocess
import sys

from celery import Celery, chord, group

from verdicts import HOST, arguments, say, until

URL = f"redis://{HOST}:{os.environ.get('APPS_PORT', sys.argv[1] if len(sys.argv) > 1 else '0')}/0"
PREFIX = os.environ.get("APPS_NAMING", sys.argv[2] if len(sys.argv) > 2 else "")

app = Celery("celery_app", broker=URL, backend=URL)
app.conf.broker_connection_retry_on_startup = True
if PREFIX:
    app.conf.broker_transport_options = {"global_keyprefix": PREFIX}
    app.conf.result_backend_transport_options = {"global_keyprefix": PREFIX}


@app.task
def add(a, b):
    return a + b


@app.task
def total(numbers):
    return sum(numbers)


@app.task(bind=True, max_retries=3)
def twice(self):
    if self.request.retries == 0:
        raise self.retry(countdown=0.1)
    return self.request.retries


def program(port, naming):
    first = add.delay(1, 2)
    environment = {**os.environ, "APPS_PORT": str(port), "APPS_NAMING": naming or ""}
    command = [sys.executable, "-m", "celery", "-A", "celery_app", "worker", "--pool", "threads", "-c", "4", "-l", "ERROR"]
    worker = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return {
            "before": first.get(timeout=60),
            "group": group(add.s(i, i) for i in range(10)).apply_async().get(timeout=30),
            "chord": chord((add.s(i, 1) for i in range(10)), total.s())().get(timeout=30),
            "later": add.apply_async((3, 4), countdown=0.3).get(timeout=30),
            "retried": twice.delay().get(timeout=30),
            "workers": len(until("the worker's answer", lambda: app.control.ping(timeout=1))),
        }
    finally:
        worker.terminate()
        worker.wait(20)


if __name__ == "__main__":
    say(program)
