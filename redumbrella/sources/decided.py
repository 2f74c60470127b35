"""Which rows are closed, where a column beside the outcome says it.

`decided = "IsClosed"` in the settings comes in; SQL goes out. A flag such as IsWon is no for open
leads too, so there it counts only where the other column says that the lead is closed.
"""

from redumbrella.lake.quoting import literal
from redumbrella.sources.spellings.values import FALSE

# A row with such a value, or with none, is still open; with any other it is closed.
NOT_DECIDED = frozenset(
    (
        *FALSE[:4],
        *("0", "0.0", "nein", "non", "não", "nao", "nee", "nie", "falsch", "faux", "falso"),
        *("open", "pending", "in progress", "active", "new", "offen", "in bearbeitung", "neu"),
        *("ouvert", "ouverte", "en cours", "abierto", "abierta", "en curso", "aperto", "aperta"),
        *("in corso", "aberto", "aberta", "em andamento", "lopend", "otwarta", "otwarte"),
        *("otwarty", "w toku"),
    )
)


def is_not_decided(text: str) -> bool:
    """Whether a value says that its row is still open."""
    return text.strip().lower() in NOT_DECIDED


def only_where_decided(outcome: str, decided: str, *, is_instant: bool) -> str:
    """SQL: an outcome, NULL where the column `decided` does not call the row closed.

    outcome, decided: SQL expressions; is_instant: whether `decided` holds times instead of texts.
    """
    is_open = f"{decided} IS NULL"
    if not is_instant:
        listed = ", ".join(literal(text) for text in sorted(NOT_DECIDED))
        is_open += f" OR lower({decided}) IN ({listed})"
    return f"CASE WHEN {is_open} THEN NULL ELSE {outcome} END"
