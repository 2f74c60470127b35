"""The truth as anybody may ask for it, and whether it is true: what happens agrees with it."""

import json
from pathlib import Path

import numpy as np
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from simulated_company import live_quietly, small_company

from redumbrella.errors import EngineError, SettingsError
from redumbrella.simulation.files import GROWING, write_truth
from redumbrella.simulation.leads import OPEN, SOLD, WON
from redumbrella.simulation.truth import TRUTHS, final_chances, true_leads
from redumbrella.simulation.world import World


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    """Three companies with many decided leads: quick ones, some of them called."""
    quick = {"conversion.delay_days": 4.0, "conversion.expires_days": 12,
             "conversion.level": -1.0}  # fmt: skip
    return [live_quietly(small_company(seed, quick), 45) for seed in (1, 2, 3)]


def test_chances_are_chances_and_a_talk_helps_most_but_not_all(worlds: list[World]) -> None:
    talk = []
    for world in worlds:
        rows = true_leads(world)
        for name in ("chance_without", "chance_with", "chance_reached"):
            values = rows[name].to_numpy()
            assert ((values >= 0) & (values <= 1)).all(), name
        final = rows["chance_final"].to_numpy()
        decided = rows["is_decided"].to_numpy()
        assert np.isnan(final[~decided]).all()
        assert ((final[decided] >= 0) & (final[decided] <= 1)).all()
        talk.append(rows["chance_with"].to_numpy() - rows["chance_without"].to_numpy())
        gain = rows["gain_of_a_call"].to_numpy()
        assert (gain[decided] == 0).all()
        assert set(rows["kind"].to_pylist()) == {
            "do not disturb", "persuadable", "sure thing", "lost cause"
        }  # fmt: skip
    gains = np.concatenate(talk)
    assert gains.mean() > 0.01
    assert 0.02 < (gains < 0).mean() < 0.3


def test_as_many_are_won_as_the_final_chances_say(worlds: list[World]) -> None:
    """Within four standard deviations, in all and among those with low, middle and high chances."""
    chances, won = [], []
    for world in worlds:
        leads = world.leads
        drawn = (leads.refused | (leads.state == WON)) & (leads.state != SOLD)
        drawn &= (leads.double_of < 0) & ((leads.state != OPEN) | leads.refused)
        chances.append(final_chances(world)[drawn])
        won.append(leads.state[drawn] == WON)
    chance, is_won = np.concatenate(chances), np.concatenate(won)
    assert chance.size > 200
    for low, high in ((0.0, 1.0), (0.0, 0.2), (0.2, 0.6), (0.6, 1.0)):
        here = (chance >= low) & (chance <= high)
        deviation = np.sqrt((chance[here] * (1 - chance[here])).sum())
        assert here.sum() > 20
        assert abs(is_won[here].sum() - chance[here].sum()) < 4 * deviation, (low, high)


def test_what_a_talk_would_add_is_the_mean_over_those_who_can_be_reached(
    worlds: list[World],
) -> None:
    rows = true_leads(worlds[0])
    waiting = ~rows["is_decided"].to_numpy()
    more = rows["chance_with"].to_numpy() - rows["chance_without"].to_numpy()
    simple = more * rows["chance_reached"].to_numpy() * rows["margin"].to_numpy()
    gain = rows["gain_of_a_call"].to_numpy()
    assert waiting.sum() > 20
    # Nearly: chance_with also averages over life events that may come.
    assert np.corrcoef(gain[waiting], simple[waiting])[0, 1] > 0.9
    assert (np.sign(gain[waiting]) == np.sign(simple[waiting])).mean() > 0.95


def test_people_and_campaigns(worlds: list[World]) -> None:
    world = worlds[1]
    people, campaigns = TRUTHS["people"](world), TRUTHS["campaigns"](world)
    assert people.num_rows == ((world.people.signed_up >= 0) & (world.people.double_of < 0)).sum()
    assert (people["purchases_a_year"].to_numpy() >= 0).all()
    assert not people["purchases_a_year"].to_numpy()[people["has_left"].to_numpy()].any()
    assert campaigns.num_rows == len(world.company.campaigns) * len(world.company.messages.names)
    assert sum(campaigns["spent"].to_pylist()) == pytest.approx(sum(world.spent))
    assert (
        sum(campaigns["people"].to_pylist())
        == ((world.people.campaign >= 0) & (world.people.double_of < 0)).sum()
    )
    # Campaigns that attract the willing have the better leads.
    intent, value = campaigns["mean_intent"].to_numpy(), campaigns["value_per_lead"].to_numpy()
    assert np.corrcoef(intent, value)[0, 1] > 0.3


@pytest.mark.parametrize("about", TRUTHS)
def test_it_is_written_in_three_formats(worlds: list[World], tmp_path: Path, about: str) -> None:
    rows = TRUTHS[about](worlds[0])
    for ending in ("csv", "parquet", "json"):
        write_truth(rows, tmp_path / "new" / f"t.{ending}", tmp_path / "company")
    assert pq.read_table(tmp_path / "new" / "t.parquet").equals(rows)
    assert pa_csv.read_csv(tmp_path / "new" / "t.csv").column_names == rows.column_names
    text = (tmp_path / "new" / "t.json").read_text("utf-8")

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    assert len(json.loads(text, parse_constant=refuse)) == rows.num_rows


def test_it_is_never_written_where_the_product_reads(worlds: list[World], tmp_path: Path) -> None:
    rows = TRUTHS["campaigns"](worlds[0])
    folders = (*GROWING, "leads/../events", "leads/deep", "world", "decisions")
    for place in (*(f"{one}/truth.csv" for one in folders), "products.csv", "leads/../reps.csv"):
        with pytest.raises(SettingsError, match="Write the truth elsewhere"):
            write_truth(rows, tmp_path / place, tmp_path)
    with pytest.raises(SettingsError, match="ending must be"):
        write_truth(rows, tmp_path / "truth.xlsx", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match="cannot be written"):
        write_truth(rows, tmp_path / "file" / "truth.csv", tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
