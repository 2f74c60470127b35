"""What the status of an order says of its money."""

import pytest

from redumbrella.sources.order_states import meaning

PAID = ["Completed", "Opłacone", "paid", "partially_refunded", "Succeeded", "Sale", "bezahlt",
        "Expédiée", "charge", "Entregado", "PartiallyRefunded", "Consegnato"]  # fmt: skip
VOID = ["Cancelled", "canceled", "Failed", "pending", "Pending payment", "voided", "Storniert",
        "Annulée", "cancelado", "Geannuleerd", "Anulowane", "not paid",
        "Nicht bezahlt"]  # fmt: skip
RETURNED = ["refunded", "Refund", "Rückerstattet", "remboursé", "Zwrot", "Devolución", "chargeback",
            "Retoure", "rimborsato", "Estornado"]  # fmt: skip


@pytest.mark.parametrize("text", PAID)
def test_money_came(text: str) -> None:
    assert meaning(text) == "paid"


@pytest.mark.parametrize("text", VOID)
def test_money_never_came(text: str) -> None:
    assert meaning(text) == "void"


@pytest.mark.parametrize("text", RETURNED)
def test_money_was_given_back(text: str) -> None:
    assert meaning(text) == "returned"


@pytest.mark.parametrize("text", ["On hold", "open", "VIP", "not refunded", ""])
def test_what_is_not_known_is_not_decided(text: str) -> None:
    assert meaning(text) is None
