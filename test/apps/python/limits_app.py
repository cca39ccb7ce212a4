"""limits, which Flask-Limiter and slowapi stand on: its three strategies."""

from limits import parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter, SlidingWindowCounterRateLimiter

from verdicts import HOST, say


def program(port, naming):
    storage = storage_from_string(f"redis://{HOST}:{port}")
    three = parse("3/hour")
    verdicts = {}
    for strategy in (FixedWindowRateLimiter, MovingWindowRateLimiter, SlidingWindowCounterRateLimiter):
        limiter = strategy(storage)
        name = strategy.__name__
        verdicts[name] = [limiter.hit(three, name, "me") for _ in range(4)]
        limiter.clear(three, name, "me")
        verdicts[name].append(limiter.hit(three, name, "me"))
    return verdicts


say(program)
