"""Carries out the steps named on stdin with redis-py, and says on stdout what came of each."""

import os
import sys
import time

import redis

port, protocol = int(sys.argv[1]), sys.argv[2]
options = {} if protocol == "default" else {"protocol": int(protocol)}
client = redis.Redis(port=port, decode_responses=True, **options)
binary = redis.Redis(port=port, **options)
MANY = [f"many:{i * 7919}" for i in range(100)]


def values():
    done = client.set("key", "value")
    every_byte = bytes(range(256))
    binary.set("bytes", every_byte)
    same = binary.get("bytes") == every_byte
    missing = client.get("nothing")
    return [ok(done), client.get("key"), truth(same), missing or "none", client.delete("bytes")]


def types():
    client.delete("h", "l", "n")
    client.hset("h", mapping={"a": "1", "b": "2"})
    client.rpush("l", "x", "y")
    fields = client.hgetall("h")
    number = client.incrby("n", 7)
    client.expire("n", 100)
    listed = ",".join(client.lrange("l", 0, -1))
    return [f"{fields['a']},{fields['b']}", listed, number, truth(client.ttl("n") > 0)]


def many():
    client.mset({key: f"of {key}" for key in MANY})
    right = client.mget(MANY) == [f"of {key}" for key in MANY]
    return [truth(right), client.delete(*MANY)]


def pipeline():
    client.delete("p")
    asked = client.pipeline(transaction=False).set("p", "1").incr("p").lpush("p", "x").get("p")
    answers = asked.execute(raise_on_error=False)
    return [word(answer) for answer in answers]


def multi():
    return [ok(answer) for answer in client.pipeline().set("p", "1").incr("p").get("p").execute()]


def watch():
    client.set("w", "1")
    lost = False
    with client.pipeline() as transaction:
        transaction.watch("w")
        client.set("w", "2")
        transaction.multi()
        transaction.incr("w")
        try:
            transaction.execute()
        except redis.WatchError:
            lost = True

    def add(transaction):
        transaction.multi()
        transaction.incr("w")

    (number,) = client.transaction(add, "w")
    return ["taken", "none" if lost else "done", number]


def keys():
    client.mset({key: "" for key in MANY})
    found = set(client.scan_iter(match="many:*", count=30))
    listed = client.keys("many:*")
    client.delete(*MANY)
    return [len(found), len(listed)]


def publish():
    channel = f"news:{os.getpid()}"
    subscriber = client.pubsub(ignore_subscribe_messages=False)
    subscriber.subscribe(channel)
    subscriber.psubscribe(channel + "*")
    messages = subscriber.listen()
    assert [next(messages)["type"] for _ in range(2)] == ["subscribe", "psubscribe"]
    count = client.publish(channel, "hello")
    heard = [next(messages)["data"] for _ in range(2)]
    subscriber.close()
    return [count, *heard]


def large():
    value = (b"large\r\n" * 150_000)[:1_048_576]
    binary.set("large", value)
    asked = client.pipeline(transaction=False)
    for _ in range(50):
        asked.get("key")
    return [truth(binary.get("large") == value and asked.execute() == ["value"] * 50)]


def script():
    return [client.eval("return redis.call('get', KEYS[1])", 1, "key")]


def again():
    for _ in range(200):
        try:
            return [client.get("key")]
        except redis.ConnectionError:
            time.sleep(0.05)
    return ["no answer"]


def ok(answer):
    return "OK" if answer is True else answer


def truth(value):
    return "true" if value else "false"


def word(answer):
    # redis-py strips the error code from some messages and keeps it in the class; this one it keeps
    return str(answer).split(" ")[0] if isinstance(answer, Exception) else ok(answer)


STEPS = [values, types, many, pipeline, multi, watch, keys, publish, large, script, again]
for line in sys.stdin:
    step = next(each for each in STEPS if each.__name__ == line.strip())
    print(step.__name__, " ".join(str(each) for each in step()).replace("\n", " "), sep="\t", flush=True)
