"""dramatiq through the death of its master."""

import logging

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from through_death import feed, url
from verdicts import say


def program(port, naming):
    logging.disable(logging.CRITICAL)
    broker = RedisBroker(url=url(port))
    dramatiq.set_broker(broker)
    done = set()

    @dramatiq.actor(max_retries=5, min_backoff=50)
    def note(number):
        done.add(number)

    def held():
        ids = broker.client.smembers(f"dramatiq:__acks__.{broker.broker_id}.default")
        messages = broker.client.hmget("dramatiq:default.msgs", list(ids)) if ids else []
        return {dramatiq.Message.decode(each).args[0] for each in messages if each}

    dramatiq.Worker(broker, worker_threads=4).start()
    return feed(note.send, lambda: set(done), held)


say(program)
