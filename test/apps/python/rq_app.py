"""RQ: a queue, a worker that forks, results, a job that fails, a job that waits for another."""

from redis import Redis
from rq import Queue, Worker

from rq_jobs import double, fail
from verdicts import HOST, say


def program(port, naming):
    redis = Redis(HOST, port)
    queue = Queue("mail", connection=redis)
    jobs = [queue.enqueue(double, i) for i in range(5)]
    after = queue.enqueue(double, 21, depends_on=jobs[-1])
    failed = queue.enqueue(fail)
    worker = Worker([queue], connection=redis)
    worker.work(burst=True, logging_level="CRITICAL")
    return {
        "results": [job.return_value() for job in jobs],
        "after": after.return_value(),
        "failed": failed.get_status().value,
        "inFailedRegistry": len(queue.failed_job_registry),
        "waiting": len(queue),
        "workers": len(Worker.all(connection=redis)),
    }


say(program)
