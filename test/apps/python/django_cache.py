"""Django's own Redis cache, and its sessions in it."""

from importlib import import_module

from django.conf import settings

from verdicts import HOST, arguments, say


def program(port, naming):
    settings.configure(
        CACHES={
            "default": {
                "BACKEND": naming or "django.core.cache.backends.redis.RedisCache",
                "LOCATION": f"redis://{HOST}:{port}/0",
            }
        },
        SESSION_ENGINE="django.contrib.sessions.backends.cache",
        SECRET_KEY="none",
    )
    from django.core.cache import cache

    items = {f"item-{i}-{i * 7919}": i for i in range(50)}
    cache.set("one", {"deep": [1]}, 60)
    verdicts = {
        "set": cache.get("one"),
        "add": [cache.add("one", 2), cache.add("two", 2)],
        "incr": cache.incr("two", 5),
        "set_many": cache.set_many(items, 60),
        "get_many": cache.get_many(items) == items,
    }
    cache.delete_many(list(items)[:25])
    verdicts["after_delete_many"] = len(cache.get_many(items))
    store = import_module(settings.SESSION_ENGINE).SessionStore
    session = store()
    session["visits"] = 1
    session.save()
    verdicts["session"] = store(session.session_key)["visits"]
    session.flush()
    verdicts["flushed"] = store().exists(session.session_key)
    if naming:
        verdicts["keys"] = len(cache.keys("item-*"))
        verdicts["delete_pattern"] = cache.delete_pattern("item-*")
        with cache.lock("bill", timeout=30):
            verdicts["held"] = cache.lock("bill").acquire(blocking=False)
        verdicts["free"] = cache.lock("bill").acquire(blocking=False)
    cache.clear()
    verdicts["after_clear"] = [cache.get("one"), cache.get("two")]
    return verdicts


say(program)
