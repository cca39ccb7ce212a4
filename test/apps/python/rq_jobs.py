"""What the workers of RQ run."""


def double(number):
    return number * 2


def fail():
    raise ValueError("as asked")
