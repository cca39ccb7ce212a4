"""dramatiq: actors, results, a delayed message, a retry, a rate limiter."""

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.rate_limits import ConcurrentRateLimiter
from dramatiq.rate_limits.backends import RedisBackend as Limits
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from verdicts import HOST, say


def program(port, naming):
    names = {"namespace": naming} if naming else {}
    broker = RedisBroker(host=HOST, port=port, **names)
    broker.add_middleware(Results(backend=RedisBackend(host=HOST, port=port)))
    dramatiq.set_broker(broker)
    done, tries = [], []

    @dramatiq.actor(store_results=True)
    def double(number):
        done.append(number)
        return number * 2

    @dramatiq.actor(store_results=True, max_retries=3, min_backoff=50)
    def twice():
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("once")
        return len(tries)

    first = double.send(0)
    worker = dramatiq.Worker(broker, worker_threads=4)
    worker.start()
    messages = [double.send(i) for i in range(1, 11)]
    later = double.send_with_options(args=(11,), delay=300)
    again = twice.send()
    results = [message.get_result(block=True, timeout=30_000) for message in [first, *messages, later]]
    retried = again.get_result(block=True, timeout=30_000)
    worker.stop()
    limiter = ConcurrentRateLimiter(Limits(host=HOST, port=port), "one", limit=1)
    with limiter.acquire():
        with limiter.acquire(raise_on_failure=False) as acquired:
            inside = acquired
    with limiter.acquire(raise_on_failure=False) as acquired:
        outside = acquired
    return {"done": sorted(done), "results": results, "retried": retried, "limiter": [inside, outside]}


say(program)
