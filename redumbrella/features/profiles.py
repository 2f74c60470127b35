"""What the profile of a person said at an instant: the newest version known strictly before it.

In: all versions of the people table (person_id, known_at, fields). Out: for any rows (person,
instant) the fields as they were known, null where nothing was known yet. Promise: a version that
became known at or after the instant is never seen. Where nobody recorded when a profile became
known, it counts as known from the start, and `is_dated` says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from redumbrella.features.kernel.person_index import PersonIndex

PREFIX = "person."


@dataclass(frozen=True, eq=False)
class Profiles:
    """Versions in order of person and time, and the fields they have."""

    people: PersonIndex
    versions: pa.Table
    person: NDArray[np.int32]
    known_at: NDArray[np.int64]
    fields: tuple[str, ...]
    is_dated: bool

    def beside(
        self, records: pa.Table, person: pa.ChunkedArray, as_of: NDArray[np.int64]
    ) -> pa.Table:
        """The records (n rows) with the fields of each row's person, named `person.<field>`.

        Where the record has a field of that name itself, the profile's gets a number behind it.
        """
        rows = self._versions_at(self.people.index_of(person), as_of)
        chosen = pa.array(rows, mask=rows < 0)
        for name in self.fields:
            unique, number = PREFIX + name, 2
            while unique in records.column_names:
                unique, number = f"{PREFIX}{name} ({number})", number + 1
            records = records.append_column(unique, self.versions[name].take(chosen))
        return records

    def _versions_at(self, person: NDArray[np.int32], as_of: NDArray[np.int64]) -> NDArray[np.intp]:
        """Number of each row's version, -1 = none was known."""
        places = np.unique(self.known_at)
        width = places.size + 1
        key = self.person.astype(np.int64) * width + np.searchsorted(places, self.known_at)
        asked = person.astype(np.int64) * width + np.searchsorted(places, as_of)
        found = np.searchsorted(key, asked) - 1
        own = (found >= 0) & (person >= 0)
        own[own] = self.person[found[own]] == person[own]
        return np.where(own, found, -1)


def profiles_of(people: pa.Table, hidden: Sequence[str]) -> Profiles:
    """Profiles from all versions of the people table; `hidden` columns are no fields.

    people: person_id, and known_at where it is known, in order of arrival.
    """
    index = PersonIndex.of(people["person_id"])
    person = index.index_of(people["person_id"])
    known_at = np.full(people.num_rows, np.iinfo(np.int64).min)
    is_dated = people["known_at"].null_count < people.num_rows
    if is_dated:
        column = people["known_at"]
        known = column.is_valid().to_numpy(zero_copy_only=False)
        instants = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        known_at = np.where(known, instants, known_at)
    order = np.lexsort((np.arange(person.size), known_at, person))
    names = tuple(name for name in people.column_names if name not in hidden)
    return Profiles(
        index, people.take(pa.array(order)), person[order], known_at[order], names, is_dated
    )
