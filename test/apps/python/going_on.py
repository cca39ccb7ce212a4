"""Several things that are done again and again, at once, while the master of their shard dies.

What fails is tried again, as its user would.
"""

import threading
import time

import through_death

BEFORE = 5
AFTER = 10
# while others still begin, for what is kept is looked at in the end
LONG_PAUSE = 0.25
MANY = 200


class Work:
    """`step(n)` does it once, and raises when it did not work; `faults()` says at the end what should not have been."""

    def __init__(self, step, faults=lambda: []):
        self.step, self.faults = step, faults
        self.before = self.after = 0
        self.last = None


def go_on(works):
    """Does all works at once, and returns the faults of each, by its name."""
    threading.Thread(target=through_death.listen, daemon=True).start()
    started, killed_at = time.monotonic(), []

    def ended():
        if through_death.killed.is_set() and not killed_at:
            killed_at.append(time.monotonic())
        late = killed_at and time.monotonic() > killed_at[0] + 2 * through_death.PATIENCE
        return late or all(work.after >= AFTER for work in works.values())

    def repeat(work):
        number = 0
        while not ended():
            since = through_death.killed.is_set()
            try:
                work.step(number)
                if since:
                    work.after += 1
                else:
                    work.before += 1
            except Exception as error:  # whatever it is, its user would try again
                work.last = error
            number += 1
            time.sleep(through_death.PAUSE if since or number < MANY else LONG_PAUSE)

    threads = [threading.Thread(target=repeat, args=(work,), daemon=True) for work in works.values()]
    for thread in threads:
        thread.start()
    while time.monotonic() < started + 2 * through_death.PATIENCE and not all(work.before >= BEFORE for work in works.values()):
        time.sleep(through_death.PAUSE)
    print("begun", flush=True)
    for thread in threads:
        thread.join(2 * through_death.PATIENCE)
    faults = {name: list(work.faults()) for name, work in works.items()}
    for name, work in works.items():
        if work.after < AFTER:
            faults[name].append(f"worked {work.after} times after the kill; last: {type(work.last).__name__}: {work.last}")
    return faults


def count_faults(count, confirmed, doubtful):
    """What was counted lies between what was confirmed and what was tried."""
    return [] if confirmed <= count <= confirmed + doubtful else [f"{count} counted, {confirmed} confirmed, {doubtful} in doubt"]


class HandOver:
    """Numbers: each that was accepted is taken, `most` times at most, but those that a taker was told it may have lost."""

    def __init__(self, most):
        self.most, self.accepted, self.taken, self.doubtful = most, set(), {}, 0
        self._lock = threading.Lock()

    def take(self, number):
        with self._lock:
            self.taken[number] = self.taken.get(number, 0) + 1

    def faults(self):
        with self._lock:
            missing = sorted(self.accepted - self.taken.keys())
            often = sorted(number for number, times in self.taken.items() if times > self.most)
        said = [f"lost {missing}, with {self.doubtful} takes in doubt"] if len(missing) > self.doubtful else []
        return said + ([f"taken more than once: {often}"] if often else [])

    def given(self, give):
        """One number more each time; in the end all that were accepted have been taken."""

        def step(number):
            give(number)
            self.accepted.add(number)

        def faults():
            ends = time.monotonic() + through_death.PATIENCE
            while self.faults() and time.monotonic() < ends:
                time.sleep(0.05)
            return self.faults()

        return Work(step, faults)


def kept(store, load):
    """What was stored is there, right away and in the end."""
    stored, said = [], []

    def step(number):
        store(number)
        stored.append(number)
        found = load(number)
        if found != number:
            said.append(f"{number} was {found} right after")

    return Work(step, lambda: said + [f"{number} is gone" for number in stored if load(number) != number])


def locked(lock):
    """Two want the same lock; how many are inside at once must never be two, as long as no lock runs out."""
    inside, most = [], []

    def section():
        with lock():
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.02)
            inside.pop()

    def step(number):
        failed = []

        def other():
            try:
                section()
            except Exception as error:  # told to whoever does this step
                failed.append(error)

        thread = threading.Thread(target=other, daemon=True)
        thread.start()
        try:
            section()
        finally:
            thread.join(through_death.PATIENCE)
        if failed:
            raise failed[0]

    return Work(step, lambda: [f"{max(most)} were inside at once"] if max(most, default=0) > 1 else [])
