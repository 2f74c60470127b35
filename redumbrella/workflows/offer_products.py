"""The products that a mail recommends: a person and a list come in, what was not offered lately
goes out, with the values that the mail's template may name.

They are chosen once, when the mail is first about to leave, and noted in the change that begins it:
a mail that is sent again after a fault names the same products.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redumbrella.errors import DataError
from redumbrella.settings.automations import Action
from redumbrella.state.outreach import offered_since, offers_of_action
from redumbrella.views.recommendations import recommendations_of
from redumbrella.workspace import Workspace

MOST = 10  # products of a mail
_WEEK = 7 * 86_400_000_000
# What a template may name of them, with what it stands for.
OFFER_NAMES = {
    "products": "the recommended products, a line each with its reason for the person",
    **{f"product_{n}": f"name of the recommended product no. {n}" for n in range(1, MOST + 1)},
    **{f"product_{n}_id": "its id" for n in range(1, MOST + 1)},
    **{f"product_{n}_reason": "why it is recommended" for n in range(1, MOST + 1)},
}


@dataclass(frozen=True)
class OfferedProduct:
    """A product that is recommended to a person. chance: with which it came to be on the list."""

    product_id: str
    product: str
    reason: str
    chance: float


def products_to_offer(
    workspace: Workspace, action: Action, person_id: str, instant: int, key: str = ""
) -> list[OfferedProduct]:
    """What a mail to a person recommends at an instant (UTC microseconds).

    key: of the action, which keeps what it once chose. Raises NotFoundError where the person has no
    lists, DataError (nothing_to_offer) where all of the list was recommended lately.
    """
    since = instant - round(action.not_again_weeks * _WEEK)
    with workspace.state.reading() as connection:
        chosen = offers_of_action(connection, key) if key else []
        lately = offered_since(connection, person_id, since)
    if chosen:
        names = ("product_id", "product", "reason", "chance")
        return [OfferedProduct(**{name: row[name] for name in names}) for row in chosen]
    recommender = action.recommender or None
    most = workspace.settings.recommender(recommender).kept
    found = recommendations_of(workspace, person_id, instant, recommender=recommender, n=most)
    lists = {one["name"]: one["products"] for one in found["lists"]}
    # Who has bought nothing yet has one list, whichever was asked for.
    shown = lists.get(action.recommend) or lists.get("newcomer") or []
    left = [one for one in shown if one["product_id"] not in lately][: action.products]
    if not left:
        raise DataError(
            f"nothing is left to recommend that was not in the last {action.not_again_weeks:g} "
            "weeks",
            reason="nothing_to_offer",
        )
    return [
        OfferedProduct(one["product_id"], one["product"], one["to_person"], one["chance"])
        for one in left
    ]


def offer_values(products: Sequence[OfferedProduct]) -> dict[str, Any]:
    """The values of OFFER_NAMES; empty ones beyond the last product."""
    values: dict[str, Any] = dict.fromkeys(OFFER_NAMES, "")
    for number, one in enumerate(products, start=1):
        values[f"product_{number}"] = one.product
        values[f"product_{number}_id"] = one.product_id
        values[f"product_{number}_reason"] = one.reason
    values["products"] = "\n".join(f"- {one.product} ({one.reason})" for one in products)
    return values


def offer_rows(
    action: Action, row: dict[str, Any], products: Sequence[OfferedProduct], at: int
) -> list[dict[str, Any]]:
    """What is to be noted of a mail of the outbox that is about to leave."""
    return [
        {
            "key": f"{row['key']}/{number}",
            "action_key": row["key"],
            "rule": row["rule"],
            "recommender": action.recommender,
            "person_id": row["person_id"],
            "product_id": one.product_id,
            "product": one.product,
            "reason": one.reason,
            "chance": one.chance,
            "at": at,
        }
        for number, one in enumerate(products, start=1)
    ]
