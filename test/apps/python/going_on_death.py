"""redis-py, django-redis and limits through the death of their master."""

import threading
import time

from django.conf import settings
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis import Redis, WatchError

from going_on import HandOver, Work, count_faults, go_on, kept, locked
from through_death import url
from verdicts import say

WALKED = 2000


def again(call):
    """A thread that does it for ever; what it raises is counted by the call itself."""
    def loop():
        while True:
            call()

    threading.Thread(target=loop, daemon=True).start()


def counting(connect):
    written, said, doubtful = set(), [], []
    counters = [connect(), connect()]
    lock = threading.Lock()

    def count(client, done):
        with client.pipeline() as pipe:
            try:
                pipe.watch("py-count")
                following = int(pipe.get("py-count") or 0) + 1
                pipe.multi()
                pipe.set("py-count", following)
                pipe.execute()
            except WatchError:
                return
            except Exception as error:  # it may have been carried out
                doubtful.append(error)
                return
        with lock:
            if following in written:
                said.append(f"{following} was written twice")
            written.add(following)
            done.append(following)

    def step(number):
        done = []
        threads = [threading.Thread(target=count, args=(client, done)) for client in counters]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if not done:
            raise RuntimeError(f"none of both: {doubtful[-1:]}")

    return Work(step, lambda: said + count_faults(int(counters[0].get("py-count")), len(written), len(doubtful)))


def walking(redis):
    redis.mset({f"py-walk:{i}": "x" for i in range(WALKED)})
    said = []

    def step(number):
        seen = len(set(redis.scan_iter("py-walk:*", count=50)))
        if seen < WALKED:
            said.append(f"{seen} of {WALKED} keys")

    return Work(step, lambda: said)


def popping(connect):
    hand = HandOver(1)
    client = connect()

    def take():
        try:
            popped = client.blpop("py-jobs", 1)
            if popped:
                hand.take(int(popped[1]))
        except Exception:  # what it was to be given may be lost
            hand.doubtful += 1

    again(take)
    return hand.given(lambda number: client.rpush("py-jobs", number))


def grouped(connect):
    hand = HandOver(float("inf"))
    connect().xgroup_create("py-log", "group", "0", mkstream=True)

    def done(client, entries):
        for entry, fields in entries:
            hand.take(int(fields["n"]))
            client.xack("py-log", "group", entry)

    def consumer(me):
        client = connect()
        rounds = iter(range(1_000_000_000))

        def take():
            try:
                read = client.xreadgroup("group", me, {"py-log": ">"}, count=10, block=500)
                for _, entries in read.items() if isinstance(read, dict) else read:
                    # RESP3 has them in a list more
                    done(client, entries[0] if entries and isinstance(entries[0], list) else entries)
                if next(rounds) % 5 == 0:
                    done(client, client.xautoclaim("py-log", "group", me, 500)[1])
            except Exception:  # what it was given is pending, and claimed
                pass

        return take

    for me in ("a", "b"):
        again(consumer(me))
    feeding = connect()
    return hand.given(lambda number: feeding.xadd("py-log", {"n": number}))


def hearing(connect):
    heard = {}
    publishing = connect()

    def note(message):
        heard[message["data"]] = heard.get(message["data"], 0) + 1

    pubsub = connect().pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe(**{"py-news": note})
    pubsub.run_in_thread(sleep_time=0.01, daemon=True, exception_handler=lambda *_: None)

    def subscribed(number):
        publishing.publish("py-news", number)
        ends = time.monotonic() + 3
        while str(number) not in heard:
            if time.monotonic() > ends:
                raise RuntimeError("not heard")
            time.sleep(0.005)

    def subscribing(number):
        with connect().pubsub() as anew:
            anew.subscribe(f"py-news-{number}")
            first = anew.get_message(timeout=15)
            if not first or first["type"] != "subscribe":
                raise RuntimeError(f"not subscribed: {first}")
            publishing.publish(f"py-news-{number}", "today")
            message = anew.get_message(timeout=3)
            if not message or message["data"] != "today":
                raise RuntimeError(f"not heard: {message}")

    twice = lambda: [f"{number} was heard {times} times" for number, times in heard.items() if times > 1]
    return {"redis-py: subscribed": Work(subscribed, twice), "redis-py: subscribing": Work(subscribing)}


def program(port, naming):
    def connect(**more):
        return Redis.from_url(url(port), decode_responses=True, **more)

    settings.configure(
        CACHES={
            "default": {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": url(port, 2),
                "OPTIONS": {"CLIENT_CLASS": "django_redis.client.DefaultClient"},
            }
        }
    )
    from django.core.cache import cache

    redis = connect()
    window = MovingWindowRateLimiter(storage_from_string(url(port)))
    most = parse("100000/hour")
    hits = {"confirmed": 0, "tried": 0}

    def hit(number):
        hits["tried"] += 1
        window.hit(most, "me")
        hits["confirmed"] += 1

    def hit_faults():
        count = 100_000 - window.get_window_stats(most, "me").remaining
        return count_faults(count, hits["confirmed"], hits["tried"] - hits["confirmed"])

    script = redis.register_script("return redis.call('incrby', KEYS[1], ARGV[1])")
    return go_on(
        {
            "redis-py: watch": counting(connect),
            "redis-py: scan_iter": walking(redis),
            "redis-py: blpop": popping(connect),
            "redis-py: xreadgroup": grouped(connect),
            **hearing(connect),
            "redis-py: lock": locked(lambda: redis.lock("py-lock", timeout=8, blocking_timeout=3)),
            "redis-py: evalsha": Work(lambda number: script(keys=["py-total"], args=[1])),
            "django-redis": kept(lambda number: cache.set(f"item-{number}", number), lambda number: cache.get(f"item-{number}")),
            "limits": Work(hit, hit_faults),
        }
    )


say(program)
