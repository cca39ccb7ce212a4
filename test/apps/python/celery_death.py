"""Celery through the death of its master; the worker is a process of its own."""

import os
import tempfile

from celery import Celery

from through_death import Worker, feed, url
from verdicts import say

PORT = os.environ.get("APPS_PORT", "0")
app = Celery("celery_death", broker=url(PORT), backend=url(PORT))
app.conf.broker_connection_retry_on_startup = True


@app.task
def note(folder, number):
    with open(f"{folder}/{number}", "w", encoding="ascii"):
        pass


def program(port, naming):
    app.conf.broker_url = app.conf.result_backend = url(port)
    arguments = ["celery", "-A", "celery_death", "worker", "--pool", "threads", "-c", "4", "-l", "ERROR"]
    with tempfile.TemporaryDirectory() as folder, Worker(*arguments, APPS_PORT=str(port)):
        return feed(lambda number: note.delay(folder, number), lambda: {int(name) for name in os.listdir(folder)})


if __name__ == "__main__":
    say(program)
