"""Words that give the outcome away are found and named; words that could be known are not."""

import numpy as np
import pyarrow as pa

from redumbrella.figures import percent
from redumbrella.training.leaks import Leak, find_leaks

CLOSED, OPEN = 600, 200
PLAIN = (
    "asked for a price list",
    "wants a demo next week",
    "budget is planned",
    "came by a friend",
)


def notes(rows: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [f"{PLAIN[a]}, {PLAIN[b]}" for a, b in rng.integers(0, 4, (rows, 2))]


def outcomes() -> np.ndarray:
    return (np.random.default_rng(9).random(CLOSED) < 0.4).astype(np.float64)


def find(closed: list[str], opened: list[str], keep: tuple[str, ...] = ()) -> list[Leak]:
    tables = (pa.table({"note": pa.array(texts, pa.string())}) for texts in (closed, opened))
    return find_leaks(next(tables), outcomes(), next(tables), ["note"], keep)


def test_a_note_that_is_written_at_the_close_is_a_leak_and_the_words_are_named() -> None:
    ends = {1.0: "Closed won!", 0.0: "spoke to them"}
    closed = [
        f"{text}. {ends[won]}" for text, won in zip(notes(CLOSED, 1), outcomes(), strict=True)
    ]
    found = find(closed, notes(OPEN, 2))
    assert [(leak.column, leak.reason, leak.severity) for leak in found] == [
        ("note", "words_at_close", "leak")
    ]
    assert f"“closed won” {percent(1.0, 0)} were won" in found[0].evidence
    assert "“spoke to”" in found[0].evidence
    assert find(closed, notes(OPEN, 2), keep=("note",))[0].kept


def test_without_open_leads_words_that_tell_every_second_end_are_a_leak() -> None:
    ends = {1.0: "Closed won!", 0.0: "Closed lost."}
    closed = [
        f"{text}. {ends[won]}" for text, won in zip(notes(CLOSED, 1), outcomes(), strict=True)
    ]
    assert [leak.severity for leak in find(closed, [])] == ["leak"]


def test_a_word_of_the_lost_that_open_leads_have_too_is_none() -> None:
    spam = np.random.default_rng(3).random(CLOSED) < 0.3
    texts = [
        f"{text} spam" if won == 0.0 and bad else text
        for text, won, bad in zip(notes(CLOSED, 1), outcomes(), spam, strict=True)
    ]
    opened = [f"{text} spam" if n % 5 == 0 else text for n, text in enumerate(notes(OPEN, 2))]
    assert find(texts, opened) == []


def test_words_without_a_bearing_on_the_outcome_are_none() -> None:
    assert find(notes(CLOSED, 1), notes(OPEN, 2)) == []
    assert find(notes(CLOSED, 1), []) == []
