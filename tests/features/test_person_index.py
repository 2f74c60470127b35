import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from redumbrella.features import person_index
from redumbrella.features.person_index import PersonIndex

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
    """All hashes of the table are made equal, as an attacker would wish."""
    index = PersonIndex.of(pa.array(["aaaaaaaa", "bbbbbbbb", "c"]))
    text, _ = person_index._bytes(pa.array(["bbbbbbbb"]))
    same = person_index._hash(text, 0, 8)
    home = int(same) & (len(index.slot_person) - 1)
    slots = (home + np.arange(3)) % len(index.slot_person)
    index.slot_person[:] = -1
    index.slot_person[slots] = [0, 1, 2]
    index.slot_hash[slots] = same
    assert index.index_of(pa.array(["bbbbbbbb"])).tolist() == [1]
