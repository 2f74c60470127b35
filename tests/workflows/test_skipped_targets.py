"""A target that nothing can be learned for does not end a run that brings other lists."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from customer_world import make_shop, simulated
from lead_worlds import company_rows, make_company, quiet

from redumbrella.cli.main import umbrella
from redumbrella.errors import DataError
from redumbrella.workflows.run import run

pytestmark = pytest.mark.usefixtures("baselines_only")

CHURN = """
[[targets]]
name = "{name}"
absence_of = "purchase"
horizon_days = {days}
"""


def test_customers_come_out_although_nothing_says_who_stays_away(tmp_path: Path) -> None:
    shop = make_shop(tmp_path, simulated(40, weeks=26), more=CHURN.format(name="churn", days=900))
    result = run(shop, quiet)
    shop.state.close()
    assert result.customers is not None
    assert (result.trained, result.scored, result.others) == (None, None, ())
    (skipped,) = result.skipped
    assert (skipped.target, skipped.reason) == ("churn", "no_outcomes")
    assert "Shorten horizon_days" in skipped.message
    told = CliRunner().invoke(umbrella, ["run", "-w", str(tmp_path)])
    assert told.exit_code == 0
    assert 'Skipped "churn" [no_outcomes]: There is nothing to learn' in told.stdout
    assert "The list is up to date" not in told.stdout
    machine = CliRunner().invoke(umbrella, ["run", "-w", str(tmp_path), "--json"])
    assert [one["target"] for one in json.loads(machine.stdout)["skipped"]] == ["churn"]


def test_leads_come_out_although_nobody_bought_anything(tmp_path: Path) -> None:
    company = make_company(tmp_path, company_rows(60, 6)[0])
    settings = tmp_path / "umbrella.toml"
    settings.write_text(settings.read_text() + CHURN.format(name="away", days=30))
    company.state.close()
    told = CliRunner().invoke(umbrella, ["run", "-w", str(tmp_path)])
    assert told.exit_code == 0
    assert "Scored 6 open leads." in told.stdout
    assert 'Skipped "away" [no_facts]' in told.stdout


def test_a_run_without_any_list_fails_as_before(tmp_path: Path) -> None:
    leads, _ = company_rows(20, 0)
    for lead in leads:
        lead["won"] = ""
    company = make_company(tmp_path, leads)
    with pytest.raises(DataError, match="No lead has an outcome yet") as caught:
        run(company, quiet)
    company.state.close()
    assert caught.value.reason == "no_outcomes"
