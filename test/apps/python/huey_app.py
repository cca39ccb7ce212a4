"""huey: tasks, a scheduled one, priorities, a lock."""

from huey import PriorityRedisHuey, RedisHuey

from verdicts import HOST, say


def work(make, name, port, **settings):
    huey = make(name, host=HOST, port=port, **settings)
    done = []

    @huey.task()
    def double(number):
        done.append(number)
        return number * 2

    first = double(0)
    consumer = huey.create_consumer(workers=2, periodic=False, initial_delay=0.02, max_delay=0.1, scheduler_interval=1)
    consumer.start()
    results = [first, *(double(i) for i in range(1, 6)), double.schedule((6,), delay=1)]
    values = [result.get(blocking=True, timeout=30) for result in results]
    with huey.lock_task("bill"):
        held = huey.is_locked("bill")
    consumer.stop()
    return {"done": sorted(done), "values": values, "lock": [held, huey.is_locked("bill")]}


def program(port, naming):
    name = naming or "mail"
    return {"fifo": work(RedisHuey, name, port), "priority": work(PriorityRedisHuey, f"{name}-priority", port)}


say(program)
