"""redis-py: locks, transactions with and without WATCH, publish/subscribe, scripts, walking, waiting."""

import threading

from redis import Redis, WatchError

from verdicts import HOST, say, until


def program(port, naming):
    redis = Redis(HOST, port, decode_responses=True)
    keys = [f"py:{i}:{i * 7919}" for i in range(100)]
    pipe = redis.pipeline(transaction=False)
    for key in keys:
        pipe.set(key, key, ex=60)
    verdicts = {"piped": sum(pipe.execute()), "many": redis.mget(keys) == keys}
    with redis.pipeline() as pipe:
        verdicts["transaction"] = pipe.decrby("{py}:a", 5).incrby("{py}:b", 5).execute()
    with redis.pipeline() as pipe:
        pipe.watch("{py}:a")
        redis.incr("{py}:a")
        pipe.multi()
        pipe.incr("{py}:b")
        try:
            pipe.execute()
            verdicts["watched"] = "carried out"
        except WatchError:
            verdicts["watched"] = "refused"
    with redis.lock("py-bill") as lock:
        verdicts["held"] = redis.lock("py-bill", blocking=False).acquire()
        verdicts["owned"] = lock.owned()
    verdicts["released"] = redis.exists("py-bill")
    again = redis.lock("py-bill", timeout=30)
    verdicts["again"] = again.acquire(blocking_timeout=5)
    verdicts["extended"] = again.extend(60)
    again.release()
    script = redis.register_script("return redis.call('incrby', KEYS[1], ARGV[1])")
    verdicts["script"] = [script(keys=[f"py-s:{i}:{i * 7919}"], args=[i]) for i in range(20)] == list(range(20))
    verdicts["scanned"] = len(set(redis.scan_iter("py:*")))
    verdicts["deleted"] = redis.delete(*keys)

    heard = []
    pubsub = redis.pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe(**{"py-news": lambda message: heard.append(message["data"])})
    pubsub.psubscribe(**{"py-n*": lambda message: heard.append(f"pattern {message['data']}")})
    thread = pubsub.run_in_thread(sleep_time=0.01, daemon=True)
    until("both subscriptions", lambda: redis.publish("py-news", "early") == 2)
    until("the message", lambda: len(heard) >= 2)
    thread.stop()
    verdicts["heard"] = sorted(set(heard))

    popped = []
    waiting = threading.Thread(target=lambda: popped.append(Redis(HOST, port, decode_responses=True).blpop("py-jobs", 20)))
    waiting.start()
    redis.rpush("py-jobs", "job")
    waiting.join(30)
    verdicts["popped"] = popped
    redis.xgroup_create("py-log", "group", "0", mkstream=True)
    redis.xadd("py-log", {"a": 1})
    entries = redis.xreadgroup("group", "me", {"py-log": ">"}, block=5000)
    verdicts["entries"] = len(entries["py-log"][0] if isinstance(entries, dict) else entries[0][1])
    return verdicts


say(program)
