"""A contest: the same company lived under several policies; what each earned, with its error."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from redumbrella.errors import SettingsError, nearest
from redumbrella.simulation.chance import Floats
from redumbrella.simulation.days import is_working_day, lead_margins, live
from redumbrella.simulation.decisions import calls_in_order
from redumbrella.simulation.files import write_company, write_day
from redumbrella.simulation.leads import OPEN, SOLD
from redumbrella.simulation.policies import POLICIES, PRODUCT, Order, arrival
from redumbrella.simulation.product import product_order, train_product
from redumbrella.simulation.rows import day_rows
from redumbrella.simulation.truth import final_chances, true_chances
from redumbrella.simulation.world import Money, World


@dataclass(frozen=True)
class Rules:
    """How a contest is played: days, and how often (in days) the product learns and is asked."""

    days: int
    learns_every: int = 30
    asks_every: int = 1


@dataclass(frozen=True)
class Played:
    """What one policy earned in one world.

    profit: what was booked, with the leads at their true chances instead of their luck, and with
    what those still open are worth; booked: the money itself. calls, talks and won in the contest;
    called_chance: mean true chance, without a talk, of the leads that were called, against
    open_chance of all that might have been.
    """

    policy: str
    seed: int
    profit: float
    booked: float
    calls: int
    talks: int
    won: int
    called_chance: float
    open_chance: float
    money: Money


def check_policies(names: Sequence[str]) -> None:
    """Raises SettingsError for a policy that there is not, and for none at all."""
    known = [*POLICIES, PRODUCT]
    if not names:
        raise SettingsError(
            f"A contest needs at least one policy: {', '.join(known)}.", reason="unknown_policy"
        )
    for name in names:
        if name not in known:
            raise SettingsError(
                f'There is no policy "{name}".{nearest(name, known)} Known: {", ".join(known)}.',
                reason="unknown_policy",
            )


def play(
    world: World, folder: Path, past: int, policies: Sequence[str], rules: Rules
) -> Iterator[Played | float]:
    """Lives the past of a world that has not begun into `folder`, then its days under each policy.

    Yields the share that is done, and what each policy earned as soon as it is known.
    """
    for number in write_company(world, folder, past):
        yield 0.1 * (number + 1) / past
    for place, policy in enumerate(policies):
        own = deepcopy(world)
        if policy == PRODUCT:
            train_product(folder, own.today)
        game = _Game(own, policy, folder, rules)
        for number in range(rules.days):
            game.day(number)
            done = (place + (number + 1) / rules.days) / len(policies)
            yield 0.1 + 0.9 * done
        yield game.result(world)


class _Game:
    """One policy in one world."""

    def __init__(self, world: World, policy: str, folder: Path, rules: Rules) -> None:
        self.world, self.policy, self.folder, self.rules = world, policy, folder, rules
        self.order: Order = np.zeros(0, np.int64)
        self.asked_on: int | None = None  # the last day of the contest on which it was
        self.calls = self.talks = self.won = 0
        self.called: list[Floats] = []
        self.might: list[Floats] = []

    def day(self, number: int) -> None:
        """Lives one day."""
        world = self.world
        order = self._order(number)
        chances, _ = true_chances(world)
        self.might.append(chances[arrival(world)])
        day = live(world, calls_in_order(order))
        self.called.append(chances[day.calls.lead])
        self.calls += day.calls.lead.size
        self.talks += int((day.calls.outcome > 0).sum())
        self.won += day.won.size
        if self.policy == PRODUCT:
            write_day(self.folder, world, day_rows(world, day))

    def _order(self, number: int) -> Order:
        if self.policy != PRODUCT:
            return POLICIES[self.policy](self.world)
        if number and number % self.rules.learns_every == 0:
            train_product(self.folder, self.world.today)
        if not is_working_day(self.world):
            return self.order[:0]
        if self.asked_on is None or number - self.asked_on >= self.rules.asks_every:
            self.asked_on = number
            self.order = product_order(self.folder, self.world.today, len(self.world.leads))
        return self.order

    def result(self, before: World) -> Played:
        """What came of all days since the world `before`."""
        money = Money()
        for one in self.world.ledger[len(before.ledger) :]:
            money = money.plus(one)
        return Played(
            policy=self.policy, seed=self.world.seed,
            profit=money.profit - money.lead_margin + _expected_margin(self.world, before.day),
            booked=money.profit, calls=self.calls, talks=self.talks, won=self.won,
            called_chance=_mean(self.called), open_chance=_mean(self.might), money=money,
        )  # fmt: skip


def _expected_margin(world: World, since: int) -> float:
    """What leads that were decided since a day, or still are to be, bring at their true chances."""
    leads = world.leads
    decided = leads.refused | (leads.state != OPEN)
    now, _ = true_chances(world)
    chance = np.where(decided, final_chances(world), now)
    # What was sold before it decided is paid for; what said no first, and was sold then, counts.
    counts = (leads.decides >= since) & (leads.state != SOLD)
    return float((chance * lead_margins(world, leads))[counts].sum())


def _mean(parts: list[Floats]) -> float:
    values = np.concatenate(parts) if parts else np.zeros(0)
    return float(values.mean()) if values.size else float("nan")


def contest_summary(played: Sequence[Played]) -> list[dict[str, Any]]:
    """One row a policy: means over the seeds with errors, and the paired gain over the first."""
    policies = list(dict.fromkeys(one.policy for one in played))
    base = {one.seed: one.profit for one in played if one.policy == policies[0]}
    rows = []
    for policy in policies:
        own = [one for one in played if one.policy == policy]
        profit = np.array([one.profit for one in own])
        gain = np.array([one.profit - base[one.seed] for one in own])
        rows.append({
            "policy": policy, "seeds": len(own),
            "profit": float(profit.mean()), "profit_error": _error(profit),
            f"gain_over_{policies[0]}": float(gain.mean()), "gain_error": _error(gain),
            "booked": float(np.mean([one.booked for one in own])),
            "calls": float(np.mean([one.calls for one in own])),
            "talks": float(np.mean([one.talks for one in own])),
            "won": float(np.mean([one.won for one in own])),
            "called_chance": float(np.mean([one.called_chance for one in own])),
            "open_chance": float(np.mean([one.open_chance for one in own])),
            "money": {name: float(np.mean([asdict(one.money)[name] for one in own]))
                      for name in asdict(own[0].money)},
        })  # fmt: skip
    return rows


def _error(values: Floats) -> float | None:
    """Standard error of the mean; None for a single value."""
    return float(values.std(ddof=1) / np.sqrt(values.size)) if values.size > 1 else None
