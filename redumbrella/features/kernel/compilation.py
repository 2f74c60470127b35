"""Everything compiled in this room, compiled beforehand.

In: nothing. Out: code in the cache beside the sources, loaded into this process. Promise: after
`warm_kernels`, on this machine, no work of this room waits for a compiler.
"""

import numpy as np
import pyarrow as pa

from redumbrella.features.history import latest_codes
from redumbrella.features.kernel.blocks import SCOPES, Block, features, rows
from redumbrella.features.kernel.narrow import narrowed
from redumbrella.features.kernel.person_index import PersonIndex
from redumbrella.features.kernel.screen import screen_columns
from redumbrella.features.kernel.streams import Stream, group_facts
from redumbrella.features.kernel.windows import FAMILY_NAMES, FeatureSet


def warm_kernels() -> None:
    """Compile, or load from the cache, all of the room's code, by using it on two facts."""
    people = PersonIndex.of(pa.array(["a", "b"]))
    person = people.index_of(pa.array(["b", "a"]))
    numbers, nothing = np.ones(2), np.zeros(2, np.int32)
    stream = Stream("warm", ("code",), has_duration=True, has_value=True)
    log = group_facts(
        stream,
        person,
        np.array([2, 1]),
        nothing,
        people=len(people),
        duration=numbers,
        value=numbers,
        known_at=np.array([2, 1]),
        product=nothing,
    )
    blocks = [Block(log, FeatureSet(families=FAMILY_NAMES), scope) for scope in SCOPES]
    asked = rows(person, 3, nothing, nothing)
    matrix = features(blocks, asked)
    screen_columns(matrix, np.array([True, False]))
    latest_codes(log, asked.person, asked.as_of)
    narrowed(matrix, np.arange(2), np.arange(2))
