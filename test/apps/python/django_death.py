"""Django's cache, and sessions in it, through the death of their master: what was stored is there."""

from django.conf import settings
from redis.exceptions import RedisError

from through_death import feed, url
from verdicts import say


def program(port, naming):
    settings.configure(
        CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url(port)}},
        SESSION_ENGINE="django.contrib.sessions.backends.cache",
        SECRET_KEY="none",
    )
    from django.contrib.sessions.backends.cache import SessionStore
    from django.core.cache import cache

    visits, seen = {}, set()

    def accept(number):
        cache.set(f"item-{number}", number)
        session = SessionStore()
        session["visit"] = number
        session.save()
        visits[number] = session.session_key

    def done():
        try:
            for number in visits.keys() - seen:
                if cache.get(f"item-{number}") == number and SessionStore(visits[number]).get("visit") == number:
                    seen.add(number)
        except RedisError:  # what is not seen now is looked at again
            pass
        return set(seen)

    verdicts = feed(accept, done)
    # all of them once more: most were seen before the kill
    seen.clear()
    verdicts["lost"] = sorted(visits.keys() - done())
    return verdicts


say(program)
