"""Which canonical column the name of a column means.

A name comes in; its rank among the names of a canonical column goes out, or None where it means
another one. Names are compared as words without accents, small words left out.
"""

from functools import cache

from redumbrella.sources.guessing.synonyms import BUT, NAMES
from redumbrella.sources.guessing.vocabulary import bag, words

# Words that only say whose the column is: "Deal - Value", "Order Total", "hs_createdate".
WHOSE = {
    "leads": bag(
        "deal lead opportunity opp hs property anfrage prospect crm affaire piste opportunite "
        "negocio oportunidad opportunita trattativa oportunidade kans szansa vorgang chance "
        "verkaufschance transakcja negociacao venda piste vente venta vendita verkoop auftrag "
        "aanvraag zapytanie solicitud demande richiesta"
    ),
    "purchases": bag(
        "order purchase transaction sale hs payment charge txn trx tx receipt invoice bill basket "
        "checkout booking bestellung rechnung auftrag commande facture pedido factura ordine "
        "fattura fatura bestelling factuur zamowienie faktura"
    ),
    "events": bag("event properties hs mp"),
    "activities": bag("activity hs engagement call task"),
    "people": bag("contact customer person user hs properties"),
    "products": bag("product variant item"),
    "campaigns": bag("campaign"),
    "reps": bag("rep user agent employee"),
}
# Small words inside a name.
SMALL = bag(
    "of the a an de du des la le les l d del el los di da do dos das van von vom der den y e et "
    "und i utc s"
)
_UNITS = bag("eur usd gbp chf pln brl inr sek nok dkk czk euro euros dollar dollars")
WHOLE, WITHOUT_OWNER, AT_THE_END = 0, 1_000, 2_000
# A name that only ends so is weaker, and these words alone say nothing at the end of a longer one.
_ONLY_WHOLE = bag(
    "name type time date day code number no nr num id total art typ tipo start data datum fecha "
    "page action event channel kanal canal value wert valor order sales net gross netto brutto "
    "sum paid title url origin group segment category price lead deal at subject plan model "
    "item key reference medium region state land nombre nome nom revenue week month tag origine "
    "kind rating score"
)


def rank_of(name: str, column: str, table: str) -> int | None:
    """How well a name means a canonical column of a table, 0 best, or None when it does not.

    column: the canonical one, or a role such as "email", "unit_price", "less" or "currency".
    """
    if name.casefold() == column:
        return -1
    said = _without_unit(words(name))
    exact = _phrases(column, table)
    bare = [word for word in said if word not in SMALL] or list(said)
    joined = "".join(bare)
    if joined in exact:
        return WHOLE + exact[joined]
    if _but(column, table) & set(said):
        return None
    owners = WHOSE.get(table, frozenset())
    less = list(bare)
    while len(less) > 1 and (less[0] in owners or less[-1] in owners):
        less.pop(0 if less[0] in owners else -1)
        if "".join(less) in exact:
            return WITHOUT_OWNER + exact["".join(less)]
    for start in range(1, len(bare)):
        ending = bare[start:]
        if "".join(ending) in exact and not (len(ending) == 1 and ending[0] in _ONLY_WHOLE):
            return AT_THE_END + exact["".join(ending)]
    return None


def _without_unit(said: tuple[str, ...]) -> tuple[str, ...]:
    """A name without the currency at its end: "Amount in company currency", "Total EUR"."""
    if "in" in said[1:-1] and {"currency", "wahrung", "devise"} & set(said[-1:]):
        said = said[: said.index("in")]
    return said[:-1] if len(said) > 1 and said[-1] in _UNITS else said


def means(name: str, column: str, table: str = "") -> bool:
    """Whether a name means a canonical column or role."""
    return rank_of(name, column, table) is not None


@cache
def _phrases(column: str, table: str) -> dict[str, int]:
    """Joined words of each name -> its place; without a line of its own, the column's name."""
    text = NAMES.get(f"{table}.{column}") or NAMES.get(column) or column
    places: dict[str, int] = {}
    for place, phrase in enumerate(text.split(",")):
        said = words(phrase)
        bare = [word for word in said if word not in SMALL] or list(said)
        places.setdefault("".join(bare), place)
    return places


@cache
def _but(column: str, table: str) -> frozenset[str]:
    return frozenset((BUT.get(f"{table}.{column}") or BUT.get(column, "")).split())
