"""huey through the death of its master."""

import logging

from huey import RedisHuey

from through_death import feed, url
from verdicts import say


class Reported(logging.Handler):
    """Counts the jobs of which a worker was told that it may have taken them, and not got them."""

    count = 0

    def emit(self, record):
        error = str(record.exc_info[1]) if record.exc_info else ""
        self.count += "not confirmed by replicas" in error


def program(port, naming):
    reported = Reported()
    logger = logging.getLogger("huey.consumer")
    logger.addHandler(reported)
    logger.propagate = False
    huey = RedisHuey("huey", url=url(port))
    done = set()

    @huey.task(retries=3)
    def note(number):
        done.add(number)

    huey.create_consumer(workers=2, periodic=False, initial_delay=0.02, max_delay=0.1).start()
    verdicts = feed(note, lambda: set(done))
    if len(verdicts["lost"]) <= reported.count:
        verdicts["lost"] = []
    return verdicts


say(program)
