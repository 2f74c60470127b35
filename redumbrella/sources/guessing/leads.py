"""Which columns of a file of leads are which: id, outcome, times, and what is no feature.

Columns come in; the choices, the columns to leave out with the reason, and names that sound as if
they were only known after the outcome go out.
"""

from collections.abc import Sequence

from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.guessing.choice import Choice
from redumbrella.sources.guessing.columns import (
    Fits,
    Open,
    columns_named,
    in_currency,
    is_key,
    is_number,
)
from redumbrella.sources.guessing.kin import Kin
from redumbrella.sources.guessing.lead_ids import any_lead_id_of, ids_of_leads
from redumbrella.sources.guessing.looking import Seen
from redumbrella.sources.guessing.meanings import meaning
from redumbrella.sources.guessing.names import means
from redumbrella.sources.guessing.outcome_words import PAST_WORDS
from redumbrella.sources.guessing.outcomes import guess_outcome
from redumbrella.sources.guessing.times import lead_times
from redumbrella.sources.guessing.vocabulary import bag, words

_GIVEN_NAMES = bag(
    "firstname lastname givenname familyname fullname surname forename middlename vorname "
    "nachname name namen prenom nom nomdefamille nombre apellido apellidos nome cognome "
    "sobrenome apelido voornaam achternaam naam imie nazwisko contactname contactperson "
    "ansprechpartner dealname dealtitle leadname opportunityname "
    "salutation anrede kundenname nombrecompleto nomecompleto nomcomplet"
)
_ADDRESSES = bag(
    "street address strasse anschrift rue calle direccion via indirizzo endereco straat adres "
    "ulica website url webseite linkedin homepage ip"
)
# What a CRM writes when a lead has ended, or works out from its stage.
_ENDINGS = bag("won lost gewonnen verloren gagne perdu ganado perdido vinto perso")
_END_OF = bag(
    "time date reason grund datum am on at motif raison motivo razon motivazione reden powod"
)
_FROM_THE_STAGE = bag(
    "probability wahrscheinlichkeit probabilite probabilidad forecast forecasted weighted "
    "gewichtet gewichteter"
)
_LEAKS = bag(
    "duration closed close closing status stage reason lost won result outcome converted "
    "conversion invoice contract abschluss grund dauer ergebnis motif raison motivo resultado"
)
_LAST = bag("last letzte letzter derniere ultima ultimo laatste ostatnia")
_TOUCHES = bag(
    "activity contact contacted touch touched modified updated seen call email meeting "
    "interaction engagement aktivitat kontakt activite actividad attivita atividade"
)
_SAYS_NOTHING = "which says nothing about the outcome"
_OF_IDS = bag("id uuid guid key nr number")
_SPENDING = bag("spend spent revenue umsatz")
_OF_THE_COMPANY = bag("annual company yearly estimated expected")


def lead_choices(
    columns: Sequence[Seen], kin: Kin
) -> tuple[list[Choice], dict[str, str], list[str]]:
    """Choices for leads, columns to leave out with the reason, and likely leaks."""
    free = Open("leads", list(columns))
    lead_id, id_column = any_lead_id_of(columns)
    _take(free, lead_id)
    outcome = guess_outcome(free.columns)
    _take(free, outcome)
    has_versions = id_column is not None and not id_column.is_key
    for choice in lead_times(free.columns, outcome, has_versions):
        _take(free, choice)
    if not free.has("created_at"):
        why = "no column holds the time a lead came in: the order of the rows counts as time"
        if free.has("updated_at"):
            why = "no column holds it: the oldest row of a lead says when it came in"
        free.choices.append(Choice("created_at", None, why))
    person = kin.who([column for column in free.columns if is_key(column)])
    if person is not None:
        why = f"the same ids stand in {', '.join(kin.of(person))}"
        free.take(Choice("person_id", ColumnSource(person.name), why), person)
    else:
        _named(free, "person_id", _is_person)
    _named(free, "product_id", is_shared)
    _named(free, "campaign_id", is_shared)
    _named(free, "source", lambda seen: is_shared(seen) and seen.read.type == "text")
    _named(free, "rep_id", is_shared)
    _amount(free)
    # The outcome itself, as long as it is asked for, is no feature to be left out.
    used = {outcome.proposal.column} if outcome.proposal is not None else set()
    rest = [column for column in free.columns if column.name not in used]
    decided = outcome.origin.decided if outcome.origin is not None else None
    ignore = _left_out([column for column in rest if column.name != decided])
    leaks = [c.name for c in rest if c.name not in ignore and _sounds_late(c.name)]
    return free.choices, ignore, leaks


def _take(free: Open, choice: Choice) -> None:
    used = choice.origin.column if choice.origin is not None else ""
    free.take(choice, *(column for column in free.columns if used and column.name == used))


def _named(free: Open, name: str, fits: Fits) -> None:
    found = free.named(name, fits)
    if found:
        others = tuple(column.name for column in found[1:4])
        free.take(Choice(name, ColumnSource(found[0].name), "by its name", others), found[0])


def _amount(free: Open) -> None:
    found = free.named("amount", is_number)
    if not found:
        return
    origin, said, column = in_currency(ColumnSource(found[0].name), free)
    others = tuple(one.name for one in found[1:4])
    used = [found[0], *([column] if column is not None else [])]
    free.take(Choice("amount", origin, f"by its name{said}", others), *used)


def _is_person(seen: Seen) -> bool:
    """Ids of people: mostly different, or named as an id; "contact: cellular" is none."""
    said = set(words(seen.name))
    named_so = bool(said & {"id", "number", "nr", "no", "key", "code"}) or any(
        word.endswith("nummer") for word in said
    )
    least = 0.05 if named_so else 0.5
    return is_key(seen) and seen.distinct > least * seen.rows and seen.read.present * 2 > seen.rows


def is_shared(seen: Seen) -> bool:
    """Ids of a few things that many leads share; "campaign: 3" is a count, "campaign id: 3" not."""
    is_text = seen.read.type == "text" or bool({"id", "nr"} & set(words(seen.name)))
    is_plain = seen.read.type in {"text", "number"} and not seen.is_time
    return is_plain and is_text and not seen.is_unique and 2 * seen.distinct <= seen.rows


def _left_out(columns: Sequence[Seen]) -> dict[str, str]:
    """Columns that are no features, with the reason."""
    return {column.name: reason for column in columns if (reason := _reason(column))}


def _reason(column: Seen) -> str | None:
    """Why a column is no feature, or None."""
    said = frozenset(words(column.name))
    is_text = column.read.type == "text"
    is_part = column.read.present < column.rows
    reasons = (
        (_reaches_a_person(column, said), f"a way to reach a person, {_SAYS_NOTHING}"),
        (is_text and _is_a_name(column), f"a name, {_SAYS_NOTHING}"),
        (is_text and _is_an_address(column, said), f"an address, {_SAYS_NOTHING}"),
        (is_part and said & _ENDINGS and said & _END_OF, "written only when a lead has ended"),
        (said & _FROM_THE_STAGE, "worked out from the stage, which is changed when a lead ends"),
        (_says_the_end(column), "says the outcome too"),
        (_is_second_id(column, said), "every value is different: a second id, or free text"),
    )
    return next((why for is_so, why in reasons if is_so), None)


def _is_an_address(column: Seen, said: frozenset[str]) -> bool:
    return bool(said & _ADDRESSES) and 2 * column.distinct > column.rows


def _is_second_id(column: Seen, said: frozenset[str]) -> bool:
    is_plain = column.read.type in {"text", "number"} and not column.is_time
    is_named = means(column.name, "lead_id", "leads") or bool(said & _OF_IDS)
    return column.is_key and is_plain and is_named


def _reaches_a_person(column: Seen, said: frozenset[str]) -> bool:
    """Phone numbers without a country code; of others models read the country."""
    if not means(column.name, "phone") or said & {"type", "calls", "verified"}:
        return False
    abroad = sum(text.strip()[:1] == "+" or text.strip()[:2] == "00" for text in column.sample)
    return 2 * abroad < len(column.sample)


def _is_a_name(column: Seen) -> bool:
    """Names of people and deals."""
    joined = "".join(words(column.name))
    if joined not in _GIVEN_NAMES and not (words(column.name)[-1:] == ("name",) and column.is_key):
        return False
    return joined != "name" or 10 * column.distinct > column.rows


def _says_the_end(column: Seen) -> bool:
    """Whether the values say won and lost in words, or a flag is named as the outcome."""
    if "".join(words(column.name)) in {"converted", "iswon", "isclosed", "isconverted", "won"}:
        return column.distinct <= 2
    if PAST_WORDS & set(words(column.name)):
        return False
    return says_won_or_lost(column) and guess_outcome([column]).origin is not None


def _sounds_late(name: str) -> bool:
    """Whether a name sounds as if it were only known after the outcome."""
    said = set(words(name))
    if said & {"birth", "marital", "employment", "previous", "prior"}:
        return False
    if said & _LEAKS or (said & _SPENDING and not said & _OF_THE_COMPANY):
        return True
    return bool(said & _LAST and said & _TOUCHES)


def has_lead_names(columns: Sequence[Seen]) -> str | None:
    """Names that only leads have, in words: an id of leads and a stage, a source or an outcome.

    Ids that come again and again may be those of activities; beside an outcome they are versions.
    """
    ids = ids_of_leads(columns)
    keys = [column for column in ids if column.is_key]
    stages = [
        column.name for column in columns
        if set(words(column.name)) & {"stage", "pipeline", "phase", "etape", "etapa", "fase"}
        or columns_named("source", "leads", [column], lambda seen: seen.read.type == "text")
    ]  # fmt: skip
    if keys and stages:
        return f'it has "{keys[0].name}" and "{stages[0]}"'
    outcome = guess_outcome(columns).origin if ids else None
    return f'it has "{ids[0].name}" and "{outcome.column}"' if outcome is not None else None


def says_won_or_lost(column: Seen) -> bool:
    """Whether values of a column say won or lost in words, and not only yes and no."""
    return any(meaning(text).says in {"won", "lost"} for text, _ in column.values)
