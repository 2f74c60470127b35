import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from redumbrella.features.kernel import person_index
from redumbrella.features.kernel.person_index import PersonIndex

texts = st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=40)


@settings(max_examples=100, deadline=None)
@given(texts, texts, st.sampled_from(["string", "large_string", "dictionary", "chunks", "slice"]))
def test_ids_are_found_as_a_dictionary_of_python_finds_them(known, asked, form):
    index = PersonIndex.of(pa.array(known, pa.string()))
    numbers = {name: number for number, name in enumerate(dict.fromkeys(known)) if name is not None}
    numbers = {name: number for number, name in enumerate(numbers)}
    column = pa.array(asked, pa.large_string() if form == "large_string" else pa.string())
    if form == "dictionary":
        column = column.dictionary_encode()
    if form == "chunks":
        column = pa.chunked_array([column, column.slice(0, 0)], column.type)
    if form == "slice":
        column, asked = column.slice(1), asked[1:]
    found = index.index_of(column)
    assert found.tolist() == [numbers.get(name, -1) for name in asked]
    assert len(index) == len(numbers)
    assert index.ids.to_pylist() == list(numbers)


def test_numbers_serve_as_ids():
    index = PersonIndex.of(pa.array([30, 10, 30]))
    assert index.index_of(pa.array([10, 20, None, 30])).tolist() == [1, -1, -1, 0]


def test_ids_with_the_same_hash_are_told_apart():
    """All slots before the right one are taken by others, as an attacker would wish."""
    names = ["aaaaaaaa", "bbbbbbbb", "cccccccc"]
    index = PersonIndex.of(pa.array(names))
    full = index.slots.reshape(-1, index.width)
    used = full[full[:, 0] > 0]
    text, start = person_index._bytes(pa.array(["bbbbbbbb"]))
    home = int(person_index._hash(text, start[0], start[1])) % len(full)
    order = np.argsort(used[:, 0])[[2, 0, 1]]
    index.slots[:] = 0
    full[(home + np.arange(3)) % len(full)] = used[order]
    assert index.index_of(pa.array(["bbbbbbbb"])).tolist() == [1]


def test_ids_that_differ_only_in_length_or_far_from_the_start_are_told_apart():
    names = ["a" * length for length in range(130)]
    names += ["b" * 100 + end for end in "xyz"] + ["b" * 100, "é" * 40, "é" * 41]
    index = PersonIndex.of(pa.array(names, pa.string()))
    assert len(index) == len(names)
    assert index.index_of(pa.array(names[::-1])).tolist() == list(range(len(names)))[::-1]
    short = PersonIndex.of(pa.array(["a", "b"]))
    assert short.index_of(pa.array(["b" * 100, "b"])).tolist() == [-1, 1]


def test_a_hundred_thousand_people_are_numbered_in_the_order_of_their_first_appearance():
    random = np.random.default_rng(3)
    ids = [f"person-{number}" for number in random.integers(0, 100_000, 300_000)]
    index = PersonIndex.of(pa.chunked_array([ids[:70_000], ids[70_000:]]))
    numbers = {name: number for number, name in enumerate(dict.fromkeys(ids))}
    assert index.ids.to_pylist() == list(numbers)
    assert index.index_of(pa.array(ids)).tolist() == [numbers[name] for name in ids]
