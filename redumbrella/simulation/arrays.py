"""Arrays of the same length, one value for each person or lead: the memory of the world."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray


@dataclass
class Arrays:
    """Base of `People` and `LeadStates`: each field an array, one value a record."""

    def __len__(self) -> int:
        return int(getattr(self, fields(self)[0].name).shape[0])

    def joined(self, others: Self) -> Self:
        """These records, then the others."""
        return type(self)(**{
            one.name: np.concatenate([getattr(self, one.name), getattr(others, one.name)])
            for one in fields(self)
        })  # fmt: skip

    def at(self, rows: NDArray[Any]) -> Self:
        """Copies of the records at these positions (or where a mask is true)."""
        return type(self)(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})

    def write(self, path: Path) -> None:
        """Keeps them in a Parquet file; matrices as one column each column."""
        columns: dict[str, Any] = {}
        for one in fields(self):
            values = getattr(self, one.name)
            if values.ndim == 2:
                columns |= {f"{one.name}.{k}": values[:, k] for k in range(values.shape[1])}
            else:
                columns[one.name] = values
        pq.write_table(pa.table(columns), path, compression="zstd", compression_level=1)

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `write` has kept."""
        table = pq.read_table(path, memory_map=False)
        values: dict[str, Any] = {}
        for one in fields(cls):
            if one.name in table.column_names:
                values[one.name] = table[one.name].to_numpy().copy()
                continue
            parts = [name for name in table.column_names if name.startswith(f"{one.name}.")]
            values[one.name] = np.column_stack([table[name].to_numpy() for name in parts])
        return cls(**values)
