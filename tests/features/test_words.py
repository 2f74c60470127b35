"""Texts are read as words, whatever their case, accents and script; persons cannot be read out."""

import random
import string
import uuid
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from redumbrella.features.records import Field, IgnoredField, RecordEncoder, fit_records
from redumbrella.features.spelling import OWN_DOMAIN, pieces_of, reading_of, tokens_of
from redumbrella.features.words import LEAST_PEOPLE, Vocabulary, learn_vocabulary

TITLES = (
    *("VP Sales, EMEA", "Vertriebsleiter (m/w)", "Directora de Marketing", "Ärztin für Chirurgie"),
    *("Head of IT", "Director of Sales", "Sales Director", "Head of Marketing"),
)


def column(*texts: str | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(texts, pa.string())])


def tokens(text: str, reading: str = "words") -> list[str]:
    return tokens_of(pa.array([text]), reading).to_pylist()[0] or []


def test_case_accents_and_punctuation_make_no_difference() -> None:
    assert tokens("  ÄRZTIN, für/Chirurgie!! ") == ["arztin", "fur", "chirurgie"]
    assert tokens("Ärztin") == tokens("ÄRZTIN")
    assert tokens("Менеджер по продажам") == ["менеджер", "по", "продажам"]
    assert tokens("") == tokens("  --  ") == []
    # A mark that makes another letter in its script stays.
    assert tokens("がく") != tokens("かく")


def test_words_that_fewer_people_have_are_no_columns() -> None:
    texts = column(*(["rare bird"] * 4 + ["common fox"] * LEAST_PEOPLE + ["other"] * 20))
    words = learn_vocabulary(texts, None, "words").words
    assert "common" in words
    assert "fox" in words
    assert "rare" not in words
    one_person = column(*["p"] * 5)
    several = pa.chunked_array([pa.array(["p"] * 5 + [str(n) for n in range(24)])])
    repeated = column(*(["secret"] * 5 + ["plain"] * 24))
    assert len(one_person) == LEAST_PEOPLE
    assert "secret" not in learn_vocabulary(repeated, several, "words").words


def test_pairs_stand_beside_each_other_and_rows_have_length_one() -> None:
    vocabulary = learn_vocabulary(
        column(*(["no budget now", "budget is there", "hello"] * 10)), None, "words"
    )
    assert "no budget" in vocabulary.pairs
    assert "budget no" not in vocabulary.pairs
    found = vocabulary.matrix(pa.array(["no budget now", "is budget", "unheard", None])).toarray()
    words = found[:, vocabulary.group == 0]
    np.testing.assert_allclose((words**2).sum(axis=1), [1.0, 1.0, 0.0, 0.0], atol=1e-6)
    pair = len(vocabulary.words) + vocabulary.pairs.index("no budget")
    assert found[0, pair] > 0
    assert found[1, pair] == 0


def test_rare_words_are_read_by_their_pieces() -> None:
    rng = random.Random(1)
    ends = ["leiter", "assistenz"]
    texts = ["".join(rng.choices("abcdefgh", k=6)) + ends[n % 2] for n in range(200)]
    vocabulary = learn_vocabulary(column(*texts), None, "words")
    assert not vocabulary.words
    assert "leite" in vocabulary.pieces
    unseen = vocabulary.matrix(pa.array(["einkaufsleiter"]))
    assert unseen[0, vocabulary.group.size - len(vocabulary.pieces) :].sum() > 0


def test_scripts_without_spaces_are_read_by_pieces_of_two() -> None:
    owner, pieces = pieces_of(pa.array(["営業部長", "abcd"]))
    of = {k: {p for o, p in zip(owner, pieces.to_pylist(), strict=True) if o == k} for k in (0, 1)}
    assert {"営業", "部長"} <= of[0]
    assert "ab" not in of[1]
    assert "abc" in of[1]


def test_of_personal_values_only_what_many_share_is_read() -> None:
    assert tokens("Ann.Lee@Example.co.uk", "email") == ["example.co.uk", ".uk"]
    assert tokens("no address", "email") == []
    assert tokens("+49 (89) 1234", "phone") == ["+49"]
    assert tokens("0044 20 7946", "phone") == ["+44"]
    assert tokens("+1-555-0100", "phone") == ["+1"]
    assert tokens("+352 26 1234", "phone") == ["+352"]
    assert tokens("089 1234", "phone") == []
    assert tokens("D-80331", "postcode") == ["D…", "D8…", "D80…"]


IDS = {
    "uuid": lambda rng, n: str(uuid.UUID(int=rng.getrandbits(128))),
    "hash": lambda rng, n: f"{rng.getrandbits(160):040x}",
    "order": lambda rng, n: f"ORD-2024-{n:06d}",
    "region": lambda rng, n: f"{rng.choice(['NORTH', 'SOUTH', 'EAST'])}-{n:05d}",
    "letters": lambda rng, n: "".join(rng.choices(string.ascii_uppercase, k=8)),
    "named": lambda rng, n: f"lead number {n}",
}


@pytest.mark.parametrize("kind", IDS)
def test_ids_are_never_read(kind: str) -> None:
    rng = random.Random(3)
    table = pa.table({"x": [IDS[kind](rng, n) for n in range(500)]})
    encoder = fit_records(table, ["x"], None)
    assert encoder.fields == ()
    assert "identifier" in encoder.ignored[0].reason


def people(rows: int = 400) -> pa.Table:
    rng = np.random.default_rng(4)
    first = ["Anna", "Ben", "Clara", "David", "Eva", "Finn", "Greta", "Hugo"]
    last = ["Meyer", "Smith", "Rossi", "Dubois", "Novak", "Silva", "Olsen", "Kim"]
    domains = ["gmail.com", "web.de"]
    return pa.table(
        {
            "First Name": [
                f"{first[a]} {first[b]} {last[c]}" for a, b, c in rng.integers(0, 8, (rows, 3))
            ],
            "Email": [
                f"p{n}@" + (domains[n % 2] if n % 3 else f"firm{n}.com") for n in range(rows)
            ],
            "Phone": [f"+4{n % 3 + 1} 555 {1000 + n}" for n in range(rows)],
            "Job Title": [
                f"{TITLES[a]} {TITLES[b]} {c}" for a, b, c in rng.integers(0, 8, (rows, 3))
            ],
        }
    )


def test_a_record_gives_domain_and_country_and_no_name() -> None:
    table = people()
    encoder = fit_records(table, table.column_names, None)
    kinds = {field.name: field.words.reading for field in encoder.texts if field.words}
    assert kinds == {"Email": "email", "Phone": "phone", "Job Title": "words"}
    assert encoder.ignored == (IgnoredField("First Name", "names of people are not read"),)
    email = next(field.words for field in encoder.texts if field.name == "Email")
    assert email is not None
    assert set(email.words) == {
        "gmail.com",
        "web.de",
        ".com",
        ".de",
        OWN_DOMAIN,
    }


def test_what_was_taught_scores_tells_and_is_read_back() -> None:
    words = Vocabulary("words", ("budget", "demo", "no"), ("no budget",), (), (0.5, 2.0, 0.0, -3.0))
    encoder = RecordEncoder((Field("notes", "text", (), words),), (), None)
    leads = pa.table({"notes": ["a demo, no budget", "Budget: no problem", None, "hello"]})
    score = encoder.transform(leads).profile[:, 0]
    root = np.sqrt(1 / 3)
    np.testing.assert_allclose(
        score, [2.5 * root - 3.0, 0.5 * np.sqrt(0.5), np.nan, 0.0], atol=1e-6
    )
    raises, lowers = encoder.telling(leads)["notes"]
    assert raises == ["demo", "budget", "", ""]
    assert lowers == ["no budget", "", "", ""]
    assert RecordEncoder.from_json(encoder.to_json()) == encoder


def test_a_category_with_many_spellings_has_its_words_beside_it() -> None:
    rng = np.random.default_rng(6)
    titles = [f"{a} {b} {c}" for a in ["head", "lead", "vice"] for b in ["sales", "tech", "data"]
              for c in ["north", "south", "east", "west", "rome", "oslo", "kiev"]]  # fmt: skip
    table = pa.table({"title": [titles[k] for k in rng.integers(0, len(titles), 2_000)]})
    field = fit_records(table, ["title"], None).fields[0]
    assert field.kind == "category"
    assert len(field.levels) == len(titles) + 1
    assert field.words is not None
    assert {"head", "oslo"} <= set(field.words.words)
    assert reading_of("title", table["title"]) == "words"


def test_the_largest_word_of_each_text_is_told_even_beside_empty_ones() -> None:
    words = Vocabulary("words", ("a", "b", "c"), (), (), (1.0, -2.0, 3.0))
    texts = column("a b c", "", None, "b", "x", "c a")
    assert words.telling(texts) == (["c", "", "", "", "", "c"], ["b", "", "", "b", "", ""])
    assert words.strongest(2) == (["c", "a"], ["b"])


def test_a_rare_word_is_told_whole() -> None:
    words = Vocabulary("words", ("of",), (), ("leit", "assi"), (0.1, 2.0, -2.0))
    raises, lowers = words.telling(column("Vertriebsleiter of X", "Assistenz"))
    assert raises == ["vertriebsleiter", ""]
    assert lowers == ["", "assistenz"]


def test_words_are_told_as_they_are_written() -> None:
    texts = ["Möchte eine Vorführung", "MOCHTE eine Vorführung", "möchte nichts"] * 10
    learned = learn_vocabulary(column(*texts, "hello"), None, "words")
    shown = dict(zip(learned.words, learned.written, strict=True))
    assert shown["mochte"] == "möchte"
    assert shown["vorfuhrung"] == "vorführung"
    weights = tuple(float(word == "vorfuhrung") for word in (*learned.words, *learned.pairs))
    taught = replace(learned, pieces=(), weights=weights)
    assert taught.telling(column("Vorfuhrung!"))[0] == ["vorführung"]
    assert taught.strongest(1)[0] == ["vorführung"]
