"""Celery through the death of its master; the worker is a process of its own, and is not started anew."""

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
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile("r", encoding="utf-8") as log:
        arguments = ["celery", "-A", "celery_death", "worker", "--pool", "threads", "-c", "4", "-l", "WARNING", "-f", log.name]
        with Worker(*arguments, APPS_PORT=str(port)) as worker:
            verdicts = feed(lambda number: note.delay(folder, number), lambda: {int(name) for name in os.listdir(folder)})
            verdicts["worked"] = worker.lives
            # each may have cost the message that it was taking
            if len(verdicts["lost"]) <= log.read().count("Connection to broker lost"):
                verdicts["lost"] = []
            return verdicts


if __name__ == "__main__":
    say(program)
