"""What one value of a stage says, whole, in eight languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redumbrella.sources.guessing.meanings import meaning, spoken, yes_or_no
from redumbrella.sources.guessing.outcome_words import BOUGHT, CLOSED, DUE, LOST, NOUNS, WON

WORDS_OF_A_SALE = sorted((WON | BOUGHT) - DUE)
NEGATIONS = {
    "en": ("not", "never"), "de": ("nicht", "nie"), "fr": ("non", "pas", "jamais"),
    "es": ("no", "nunca"), "it": ("non", "mai"), "pt": ("não", "nunca"), "nl": ("niet", "nooit"),
    "pl": ("nie",),
}  # fmt: skip

WON_VALUES = """Closed Won|closedwon|ClosedWon|closed_won|CLOSED-WON|Closed - Converted|Won (100%)|
5 - Won|Enterprise > Closed Won|Won - onboarding|Gewonnen|Auftrag erhalten|Vertrag unterschrieben|
Angebot angenommen|Gagné|Gagnée|Fermé - gagné|Devis accepté|Commande reçue|Ganado|Cerrado ganado|
Cerrada/Ganada|Vinta|Chiusa - vinta|Ganho|Fechado ganho|Gewonnen|Gesloten - gewonnen|Opdracht|
Wygrana|Zamknięte wygrane|Umowa podpisana|Customer|Contract signed|dealwon|
Zrealizowane|Zrealizowana|Zamówienie zrealizowane|Sfinalizowana|Realisiert|Réalisée|Realizzato|
Gerealiseerd"""
LOST_VALUES = """Closed Lost|closedlost|Closed - Not Converted|closed_not_converted|Not Converted|
Unqualified|Not Qualified|un-qualified|Nicht gewonnen|kein Auftrag|Auftrag nicht erhalten|
Auftrag verloren|Kein Interesse|no ganado|non acheté|pas signé|Classé sans suite|Perdue|Persa|
non vinta|Perdido|não ganho|sem interesse|Geen interesse|niet gewonnen|Nie wygrana|
Brak zainteresowania|Lost - price|Lost (no budget)|Closed Lost to Competition|Junk Lead|Lost Lead|
Disqualified|Qualified out|Offer declined|Abgelehnt|Rejected by customer|Dead|
Not interested|No sale|6 - Lost (0%)|Do not contact|DO_NOT_CONTACT|DoNotContact|Do Not Call|
Nicht mehr kontaktieren|Ne pas contacter|Ne plus contacter|No contactar|Non contattare|
Não contactar|Niet meer contacteren|Nie kontaktować|Niezrealizowane"""
NEITHER = """Qualified To Buy|qualifiedtobuy|Decision Maker Bought-In|decisionmakerboughtin|
Contract Sent|contractsent|Presentation Scheduled|Won't fix|Verloren geglaubt|Bad Timing|Recycled|
Open - Not Contacted|Not Contacted|Not yet converted|noch nicht gewonnen|pas encore signé|Closed|
Won by competitor|Won - cancelled later|Sales Qualified Lead|Demo - cancelled|Good fit|Other|
Abgeschlossen|Negotiation/Review|Contact in Future|Won/Lost|Order pending|Awaiting signature"""


def values(block: str) -> list[str]:
    return [value.strip() for value in block.replace("\n", "").split("|")]


@pytest.mark.parametrize("value", values(WON_VALUES))
def test_won(value: str) -> None:
    assert meaning(value).says == "won"


@pytest.mark.parametrize("value", values(LOST_VALUES))
def test_lost(value: str) -> None:
    assert meaning(value).says == "lost"


@pytest.mark.parametrize("value", values(NEITHER))
def test_neither(value: str) -> None:
    assert meaning(value).says not in {"won", "lost"}


@given(
    st.sampled_from(WORDS_OF_A_SALE),
    st.sampled_from([word for words in NEGATIONS.values() for word in words]),
    st.booleans(),
    st.sampled_from([" ", "_", "-"]),
    st.sampled_from([str.lower, str.upper, str.title]),
)
def test_a_negation_turns_a_word(
    word: str, negation: str, is_after: bool, gap: str, spell: object
) -> None:
    assert callable(spell)
    parts = (word, negation) if is_after else (negation, word)
    assert meaning(spell(word)).says == "won"
    assert meaning(spell(gap.join(parts))).says == "lost"


@given(st.sampled_from(sorted(CLOSED)), st.sampled_from(sorted((WON | LOST) - NOUNS)))
def test_written_together_or_apart_is_the_same(closed: str, word: str) -> None:
    ways = {f"{closed} {word}", f"{closed}{word}", f"{closed}_{word}", f"{closed} - {word}"}
    ways.add(closed.title() + word.title())
    expected = "won" if word in WON else "lost"
    assert {meaning(way).says for way in ways} == {expected}


@given(st.text(max_size=40))
def test_any_text_says_something(text: str) -> None:
    assert meaning(text).says in {"won", "lost", "open", "closed", "doubt", "unknown"}


@given(st.from_regex(r"[b-z]{4,9}q[b-z]{2}", fullmatch=True), st.sampled_from(WORDS_OF_A_SALE))
def test_a_word_inside_a_stage_does_not_count(unknown: str, word: str) -> None:
    assert meaning(f"{unknown} {word}").says not in {"won", "lost"}


def test_names_are_taken_apart() -> None:
    assert spoken("LeadStatus_Été") == ("lead", "status", "ete")
    assert spoken("Zamknięte - wygrane łąka") == ("zamkniete", "wygrane", "laka")


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("Ja", "Nein"), ("J", "N"), ("Oui", "Non"), ("O", "N"), ("Sí", "No"), ("S", "N"),
        ("Sim", "Não"), ("Tak", "Nie"), ("wahr", "falsch"), ("VRAI", "FAUX"), ("V", "F"),
        ("verdadero", "falso"), ("Ja", "Nee"), ("1", "0"), ("true", "false"), ("Y", "N"),
    ],
)  # fmt: skip
def test_yes_and_no(yes: str, no: str) -> None:
    assert yes_or_no(yes) is True
    assert yes_or_no(no) is False
    assert yes_or_no(yes + no + "q") is None
