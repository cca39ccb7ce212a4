"""RQ through the death of its master; the worker is a process of its own, as `rq worker` is."""

import os
import tempfile

from redis import Redis
from rq import Queue, Retry

from rq_jobs import note
from through_death import Worker, feed, url
from verdicts import say


def program(port, naming):
    queue = Queue("rq", connection=Redis.from_url(url(port)))

    def held():
        keepers = (queue.intermediate_queue, queue.started_job_registry, queue.failed_job_registry)
        jobs = [queue.fetch_job(each) for keeper in keepers for each in keeper.get_job_ids()]
        return {job.args[1] for job in jobs if job}

    with tempfile.TemporaryDirectory() as folder, Worker("rq.cli", "worker", "--url", url(port), "--quiet", "rq") as worker:

        def done():
            worker.watch()
            return {int(name) for name in os.listdir(folder)}

        return feed(lambda number: queue.enqueue(note, folder, number, retry=Retry(max=3)), done, held)


say(program)
