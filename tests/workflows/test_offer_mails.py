"""Mails that recommend products: what they name, that it comes once, and what holds them back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from redumbrella.clock import now
from redumbrella.decisions.triggers import Stretch
from redumbrella.progress import silent
from redumbrella.settings.automations import automation_of
from redumbrella.state.outbox import plan_actions
from redumbrella.state.outreach import offered_since
from redumbrella.views.listing import every_row
from redumbrella.views.outbox import OUTBOX
from redumbrella.views.recommendations import RECOMMENDATIONS, recommendations_of
from redumbrella.workflows import deliver, fire_automations, offer_products
from redumbrella.workflows.automation_rules import save_automation, switch_automation
from redumbrella.workflows.check_automations import problems_of_rule
from redumbrella.workflows.deliver import Deliverer
from redumbrella.workflows.find_firings import matches_of
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.offer_products import products_to_offer
from redumbrella.workflows.recommend import recommend
from redumbrella.workspace import Workspace
from tests.mail_receiver import MailReceiver, mail_server
from tests.recommender_shop import SETTINGS, write_products, write_shop

WEEK = 7 * 86_400_000_000
RULE = {
    "name": "Weekly",
    "trigger": {"kind": "schedule", "at": "every Tuesday at 09:00"},
    "action": {
        "kind": "mail", "subject": "{{ first_name }}: {{ product_1 }}", "text": "{{ products }}",
        "html": "<p>{{ product_1 }}: {{ product_1_reason }}</p>{% if product_3 %}three{% endif %}",
        "recommend": "new", "products": 2, "not_again_weeks": 4,
    },
    "control": 0,
}  # fmt: skip


@pytest.fixture
def mails() -> Iterator[MailReceiver]:
    with mail_server() as made:
        yield made


@pytest.fixture
def shop(tmp_path: Path, mails: MailReceiver) -> Workspace:
    settings = (
        SETTINGS
        + f"""
[mail]
server = "localhost"
port = {mails.port}
security = "none"
from = "Rui Costa <sales@umbrella.example>"
public_url = "https://umbrella.example"
a_minute = 60000
[outreach]
quiet_hours = ""
"""
    )
    workspace = write_shop(tmp_path / "shop", settings)
    recommend(workspace, silent)
    save_automation(workspace, RULE)
    switch_automation(workspace, "Weekly", is_on=True)
    return workspace


def plan(workspace: Workspace, key: str, person: str = "p004") -> None:
    at = deliver.now()
    row = {
        "key": key, "rule": "Weekly", "version": 1, "kind": "mail", "target": "", "lead_id": "",
        "person_id": person, "product_id": "", "rep_id": "", "label": person, "why": "Tuesday",
        "state": "planned", "reason": "", "fired_at": at, "planned_at": at, "due_at": at,
    }  # fmt: skip
    with workspace.state.writing() as connection:
        plan_actions(connection, [row])


def sent(workspace: Workspace) -> None:
    deliverer = Deliverer(workspace, "w")
    try:
        deliverer.deliver_due()
    finally:
        deliverer.close()


def texts(mails: MailReceiver) -> list[str]:
    found = []
    for one in mails.arrived:
        body = one.message.get_body(("plain",))
        assert body is not None
        found.append(str(body.get_content()))
    return found


def first_new(workspace: Workspace, n: int) -> list[str]:
    lists = recommendations_of(workspace, "p004", now(), only="new", n=n)["lists"]
    return [one["product"] for one in lists[0]["products"]]


def test_a_mail_names_the_first_products_and_the_next_one_the_next(
    shop: Workspace, mails: MailReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = first_new(shop, 6)
    at = now()
    for week in range(3):
        for module in (deliver, offer_products):
            monkeypatch.setattr(module, "now", lambda: at + week * WEEK, raising=False)  # noqa: B023
        plan(shop, f"k{week}")
        sent(shop)
    told = texts(mails)
    for week, text in enumerate(told):
        for place, name in enumerate(names):
            assert (f"- {name} (" in text) == (place // 2 == week), (week, name)
    assert mails.arrived[0].message["Subject"] == f"Person: {names[0]}"
    html = mails.arrived[0].message.get_body(("html",))
    assert html is not None
    assert "three" not in html.get_content()
    monkeypatch.setattr(deliver, "now", lambda: at + 5 * WEEK)
    plan(shop, "k5")
    sent(shop)
    assert f"- {names[0]} (" in texts(mails)[3]


def test_a_mail_that_is_tried_again_names_the_same_products(
    shop: Workspace, mails: MailReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = first_new(shop, 2)
    mails.at_content["p004@x.example"] = "451 later"
    plan(shop, "k")
    sent(shop)
    assert not mails.arrived
    write_products(shop.root, {int(names[0].split()[1]): {"available": "no"}})
    ingest(shop, silent)
    mails.at_content.clear()
    at = now()
    monkeypatch.setattr(deliver, "now", lambda: at + WEEK)
    sent(shop)
    assert [f"- {name} (" in texts(mails)[0] for name in names] == [True, True]


def test_nothing_left_or_no_list_holds_the_mail_back(shop: Workspace, mails: MailReceiver) -> None:
    for number in range(15):
        plan(shop, f"k{number}")
        sent(shop)
    rows = list(every_row(shop, OUTBOX, OUTBOX.query({})))
    held = [row for row in rows if row["state"] == "suppressed"]
    assert held
    assert "nothing is left to recommend" in held[0]["reason"]
    with shop.state.reading() as connection:
        offered = offered_since(connection, "p004", 0)
    assert len(offered) == 2 * len(mails.arrived)
    plan(shop, "nobody", "zz")
    sent(shop)
    assert len(mails.arrived) == len(rows) - len(held)


def test_newcomers_get_their_list_and_looking_notes_nothing(shop: Workspace) -> None:
    found = products_to_offer(shop, automation_of(RULE).action, "n001", now())
    assert [one.product_id[0] for one in found] == ["a", "a"]
    with shop.state.reading() as connection:
        assert not offered_since(connection, "n001", 0)


def test_a_schedule_goes_to_everybody_with_a_list_and_needs_no_target(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not shop.settings.targets
    weekly = automation_of(RULE)
    assert weekly.trigger.at is not None
    tuesday = weekly.trigger.at.next_after(now(), "UTC")
    monkeypatch.setattr(fire_automations, "now", lambda: tuesday + 60_000_000)
    fired = fire_automations.fire_automations(shop, silent)
    assert not fired.problems
    people = {
        row["person_id"] for row in every_row(shop, RECOMMENDATIONS, RECOMMENDATIONS.query({}))
    }
    assert {"p004", "n001"} <= people
    assert sum(fired.counts["Weekly"].values()) == len(people)
    assert fired.planned > 0
    stretch = Stretch(tuesday - WEEK, tuesday)
    again = {**RULE, "action": {**RULE["action"], "recommend": "again"}}  # type: ignore[dict-item]
    # Newcomers have one list, whichever is asked for.
    assert {
        one.firing.person_id for one in matches_of(shop, automation_of(again), stretch)
    } == people
    scored = {**RULE, "where": {"min_probability": 0.5}}
    assert matches_of(shop, automation_of(scored), stretch) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"recommend": "news"}, "expected one of again, new"),
        ({"products": 11}, "between 1 and 10"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(change: dict[str, object], why: str) -> None:
    from redumbrella.errors import SettingsError

    action = {**RULE["action"], **change}  # type: ignore[dict-item]
    with pytest.raises(SettingsError, match=why):
        automation_of({**RULE, "action": action})


def test_check_says_what_is_missing(shop: Workspace) -> None:
    assert not [one for one in problems_of_rule(shop, automation_of(RULE)) if "targets" in one]
    plain = {"kind": "mail", "subject": "Hello", "text": "Hello"}
    problems = problems_of_rule(shop, automation_of({**RULE, "action": plain}))
    assert any("no list to go through" in problem for problem in problems)
    named = {**RULE["action"], "recommender": "nxt"}  # type: ignore[dict-item]
    problems = problems_of_rule(shop, automation_of({**RULE, "action": named}))
    assert any('no recommender "nxt"' in problem for problem in problems)
    more = {**RULE["action"], "text": "{{ product_5 }}"}  # type: ignore[dict-item]
    problems = problems_of_rule(shop, automation_of({**RULE, "action": more}))
    assert any("add products = 5" in problem for problem in problems)
    forgotten = {**RULE["action"], "recommend": "new"}  # type: ignore[dict-item]
    del forgotten["recommend"]
    problems = problems_of_rule(shop, automation_of({**RULE, "action": forgotten}))
    assert any('add recommend = "new"' in problem for problem in problems)
