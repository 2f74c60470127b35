"""SQL about instants of which only the day is known: they stand at its last microsecond."""


def is_later(at: str, instant: str) -> str:
    """SQL: whether a time lies at or after an instant; a day that has begun does not, though a
    fact of which only the day is known stands at its end.
    """
    is_begun = f"epoch_us({at}) % 1000000 = 999999 AND {at} < {instant} + INTERVAL 1 DAY"
    return f"({at} >= {instant} AND NOT ({is_begun}))"
