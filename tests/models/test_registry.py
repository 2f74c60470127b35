"""Trained models on disk: read back as written, never a pickle, a clear word when broken."""

from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pytest
from lead_worlds import TIME, draw, times

from redumbrella.features.records import fit_records
from redumbrella.models.blend import Blend
from redumbrella.models.calibration import Calibration
from redumbrella.models.model_folder import FORMAT, MANIFEST, read_model_files
from redumbrella.models.registry import (
    FAMILIES,
    LeadModel,
    load_model,
    write_model,
)
from redumbrella.models.uncertainty import fit_spread
from redumbrella.training.arrival import fit_arrival_time

ROWS = 240


def leads() -> pa.Table:
    rng = np.random.default_rng(0)
    return pa.table(
        {
            "created_at": pa.array(times(ROWS), TIME),
            "size": pa.array(rng.normal(size=ROWS)),
            "job": pa.array(rng.choice(["a", "b", "ü"], ROWS)),
        }
    )


def build(members: list[str], *, with_clock: bool) -> tuple[LeadModel, pa.Table, np.ndarray]:  # type: ignore[type-arg]
    table = leads()
    encoder = fit_records(table, table.column_names, "created_at")
    design, position = encoder.transform(table), np.arange(float(ROWS))
    arrival = fit_arrival_time(position, "created_at") if with_clock else None
    if arrival is not None:
        design = arrival.beside(design, position)
    won, weight = draw(1.2 * table["size"].to_numpy()), np.ones(ROWS)
    fitted = {name: FAMILIES[name]().fit(design, won, weight) for name in members}
    weights = dict.fromkeys(members, 1.0 / len(members))
    quick = {name: family.quick for name, family in fitted.items()}
    calibration = Calibration(0.9, 0.1)
    spread = fit_spread(quick, weights, calibration, design, won, weight, 0.0)
    blend = Blend(fitted, weights, calibration)
    model = LeadModel(
        "v1", "conversion", "model", True, encoder, arrival, blend, spread, {"job": "a"}
    )
    return model, table, position


@pytest.mark.parametrize("with_clock", [True, False])
@pytest.mark.parametrize(
    "members", [["prior"], ["straight", "logistic", "pairs", "boosted", "neural"], ["points"]]
)
def test_a_model_read_back_says_the_same(
    tmp_path: Path, members: list[str], with_clock: bool
) -> None:
    model, table, position = build(members, with_clock=with_clock)
    write_model(tmp_path / "v1", model)
    again = load_model(read_model_files(tmp_path / "v1"))
    first, second = model.design(table, position), again.design(table, position)
    assert first.features == second.features
    np.testing.assert_array_equal(model.blend.log_odds(first), again.blend.log_odds(second))
    np.testing.assert_array_equal(model.spread.deviation(first), again.spread.deviation(second))
    for name in ("version", "target", "regime", "reliable", "usual", "encoder"):
        assert getattr(model, name) == getattr(again, name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["v1"]


def test_a_model_is_json_and_arrays_and_never_a_pickle(tmp_path: Path) -> None:
    model, _, _ = build(["logistic"], with_clock=False)
    write_model(tmp_path / "v1", model)
    assert {path.name for path in (tmp_path / "v1").iterdir()} == {
        *("model.json", "arrays.npz", MANIFEST)
    }
    assert orjson.loads((tmp_path / "v1" / MANIFEST).read_bytes())["format"] == FORMAT
    with np.load(tmp_path / "v1" / "arrays.npz", allow_pickle=False) as stored:
        assert all(not stored[name].dtype.hasobject for name in stored.files)


def test_a_kill_while_writing_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _, _ = build(["prior"], with_clock=False)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez_compressed", killed)
        with pytest.raises(KeyboardInterrupt):
            write_model(tmp_path / "v1", model)
    assert not (tmp_path / "v1").exists()
    write_model(tmp_path / "v1", model)
    assert load_model(read_model_files(tmp_path / "v1")).version == "v1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["v1"]
