import os
import subprocess
import sys
from pathlib import Path

# A process of its own, because other tests have compiled other variants in this one. Arrow's
# arrays may not be written, numpy's may: both must find the code that `warm_kernels` compiled.
USE = """
import numpy as np, pyarrow as pa
from numba.core import dispatcher
from redumbrella.features.kernel.compilation import warm_kernels
from redumbrella.features.kernel.blocks import Block, features, rows
from redumbrella.features.kernel.person_index import PersonIndex
from redumbrella.features.kernel.screen import screen_columns
from redumbrella.features.kernel.streams import Stream, log_from_table
from redumbrella.features.kernel.windows import FeatureSet

warm_kernels()
compiled = []
compile_anew = dispatcher.Dispatcher.compile
dispatcher.Dispatcher.compile = lambda self, sig: (
    self.overloads.get(tuple(sig)) is None and compiled.append(str(self)),
    compile_anew(self, sig),
)[1]
table = pa.table({
    "person_id": pa.array(["x", "y", "x", None]),
    "at": pa.array([4, 3, 2, 1], pa.timestamp("us", "UTC")),
    "kind": ["call", "mail", None, "call"],
    "duration_s": pa.array([1.0, 2.0, None, 3.0], pa.float32()),
    "value": pa.array([1.0, 2.0, None, 3.0]),
})
people = PersonIndex.of(table["person_id"])
for stream in (Stream("s", ("call", "mail")), Stream("s", ("call",), True, True)):
    log = log_from_table(table, stream, people)
    blocks = [Block(log, FeatureSet())]
    for person, as_of in (
        (people.index_of(table["person_id"]), table["at"].cast("int64").to_numpy()),
        (np.arange(2), 86_400_000_000 * 3),
    ):
        asked = rows(person, as_of)
        matrix = features(blocks, asked)
        screen_columns(matrix, np.arange(len(person)) % 2 == 0)
print(compiled)
"""


def test_nothing_is_compiled_after_warm():
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", USE],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
