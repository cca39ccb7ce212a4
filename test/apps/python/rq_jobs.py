"""What the workers of RQ run."""


def double(number):
    return number * 2


def fail():
    raise ValueError("as asked")


def note(folder, number):
    with open(f"{folder}/{number}", "w", encoding="ascii"):
        pass
