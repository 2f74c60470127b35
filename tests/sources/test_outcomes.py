"""Which column is the outcome and what its values mean, from small files of known truth."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from redumbrella.settings.settings import load_settings
from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.guessing.choice import Choice
from redumbrella.sources.guessing.guess import TableGuess, guess_files
from redumbrella.sources.guessing.template import settings_text
from redumbrella.sources.result import SourceResult
from redumbrella.workflows.ingest import check

ROWS = 60


def table(folder: Path, columns: Mapping[str, Sequence[str]]) -> TableGuess:
    """A file of leads with these columns, each repeated to the length of the file."""
    head = ["Id", *columns, "Employees"]
    lines = [
        ";".join([f"A-{n:05}", *(values[n % len(values)] for values in columns.values()), f"{n}"])
        for n in range(ROWS)
    ]
    (folder / "list.csv").write_text("\n".join([";".join(head), *lines]), "utf-8")
    (guess,) = guess_files(["list.csv"], folder)
    return guess


def outcome(folder: Path, columns: Mapping[str, Sequence[str]]) -> Choice:
    return next(choice for choice in table(folder, columns).choices if choice.name == "won")


def source_of(folder: Path, columns: Mapping[str, Sequence[str]]) -> ColumnSource | None:
    return outcome(folder, columns).origin


def checked(folder: Path, columns: Mapping[str, Sequence[str]]) -> SourceResult:
    """The file read by the settings that are proposed for it."""
    text = settings_text("x", folder, [table(folder, columns)])
    (folder / "umbrella.toml").write_text(text, "utf-8")
    (result,) = check(load_settings(folder)).sources
    return result


# System: stages; the won ones follow "|", the lost ones "||".
CRM = {
    "hubspot deals": "Appointment Scheduled, Qualified To Buy, Presentation Scheduled, Decision "
    "Maker Bought-In, Contract Sent | Closed Won || Closed Lost",
    "hubspot deals by name": "appointmentscheduled, qualifiedtobuy, presentationscheduled, "
    "decisionmakerboughtin, contractsent | closedwon || closedlost",
    "hubspot lifecycle": "Subscriber, Lead, Marketing Qualified Lead, Sales Qualified Lead, "
    "Opportunity | Customer, Evangelist || Other",
    "salesforce opportunities": "Prospecting, Qualification, Needs Analysis, Value Proposition, "
    "Id. Decision Makers, Perception Analysis, Proposal/Price Quote, Negotiation/Review "
    "| Closed Won || Closed Lost",
    "salesforce leads": "Open - Not Contacted, Working - Contacted | Closed - Converted "
    "|| Closed - Not Converted",
    "salesforce leads, new": "New, Contacted, Nurturing | Qualified || Unqualified",
    "pipedrive": "open | won || lost",
    "zoho leads": "Attempted to Contact, Contact in Future, Contacted, Not Contacted "
    "| Pre-Qualified || Junk Lead, Lost Lead, Not Qualified",
    "zoho deals": "Qualification, Needs Analysis, Value Proposition, Identify Decision Makers, "
    "Proposal/Price Quote, Negotiation/Review | Closed Won || Closed Lost, Closed-Lost to "
    "Competition",
    "dynamics leads": "Open | Qualified || Disqualified",
    "dynamics opportunities": "Open | Won || Lost",
    "odoo": "New, Qualified, Proposition | Won || Lost",
    "freshsales": "New, Contacted, Interested, Qualified | Won || Not Interested, Lost",
    "suitecrm leads": "New, Assigned, In Process, Recycled | Converted || Dead",
    "suitecrm opportunities": "Prospecting, Qualification, Needs Analysis | Closed Won "
    "|| Closed Lost",
    "german": "Neu, In Bearbeitung, Angebot versendet, Qualifiziert | Gewonnen "
    "|| Verloren, Nicht gewonnen",
    "german orders": "Neu, Angebot | Auftrag || Abgelehnt, Kein Interesse",
    "french": "Nouveau, Devis envoyé, En cours, Qualifié | Gagné || Perdu, Sans suite",
    "spanish": "Nuevo, Contactado, Propuesta enviada | Ganada || Perdida, No interesado",
    "italian": "Nuova, In lavorazione, Offerta inviata | Vinta || Persa, Non interessato",
    "portuguese": "Novo, Em andamento, Proposta enviada | Ganho || Perdido, Sem interesse",
    "dutch": "Nieuw, Offerte verstuurd | Gewonnen || Verloren, Geen interesse",
    "polish": "Nowa, Oferta wysłana, W toku | Wygrana || Przegrana, Brak zainteresowania",
    "salesforce, German": "Qualifikation, Bedarfsanalyse | Geschlossen und gewonnen "
    "|| Geschlossen und verloren",
    "salesforce, French": "Prospection, Qualification | Fermée/Gagnée || Fermée/Perdue",
    "salesforce, Portuguese": "Qualificação | Fechada e ganha || Fechada e perdida",
    "salesforce, Dutch": "Kwalificatie | Gesloten en gewonnen || Gesloten en verloren",
    "hubspot, German": "Termin vereinbart, Qualifiziert für Kauf, Vertrag gesendet "
    "| Abgeschlossen und gewonnen || Abgeschlossen und verloren",
    "hubspot, French": "Rendez-vous planifié, Contrat envoyé | Fermé gagné || Fermé perdu",
    "hubspot, Spanish": "Cita programada, Contrato enviado | Cierre ganado || Cierre perdido",
    "zoho, German": "Nicht kontaktiert, In Zukunft kontaktieren | Vorqualifiziert "
    "|| Verlorener Lead, Nicht qualifiziert",
    "amocrm": "Новая | Успешно реализовано || Закрыто и не реализовано",
    "reasons": "Demo | Won - new logo, Won - upsell || Lost - price, Lost to competitor",
    "reasons by name": "demo | closed_won_new || closed_lost_price, closed_lost_no_decision",
    "percentages": "1 - Lead (10%), 2 - Good fit (50%) | 5 - Won (100%) || 6 - Lost (0%)",
    "a school": "Applied, Interview, Accepted | Enrolled || Withdrawn, Rejected",
}


NAMES = ("Stage", "Deal - Status", "Phase", "Vorgang")


@pytest.mark.parametrize(
    ("system", "name"), [(system, NAMES[n % len(NAMES)]) for n, system in enumerate(CRM)]
)
def test_default_stages(tmp_path: Path, system: str, name: str) -> None:
    lost_too = CRM[system].split("||")
    opened, won = lost_too[0].split("|")
    groups = [[text.strip() for text in part.split(",")] for part in (opened, won, lost_too[1])]
    columns = {name: [text for group in groups for text in group]}
    found = source_of(tmp_path, columns)
    assert found is not None
    explicit = (set(found.won), set(found.lost))
    assert explicit == (set(groups[1]), set(groups[2]))
    result = checked(tmp_path, columns).outcome
    assert result is not None
    values = [{text for text, _ in group} for group in (result.open, result.won, result.lost)]
    assert values == [set(group) for group in groups]
    assert sum(result.totals) == ROWS


ANSWERS = [
    ("Ja", "Nein"), ("J", "N"), ("Oui", "Non"), ("O", "N"), ("Sí", "No"), ("S", "N"),
    ("Sim", "Não"), ("Tak", "Nie"), ("Ja", "Nee"), ("wahr", "falsch"), ("VRAI", "FAUX"),
]  # fmt: skip


@pytest.mark.parametrize(("yes", "no"), ANSWERS)
@pytest.mark.parametrize("name", ["Ergebnis", "Conversion", "Vendido", "Auftrag erhalten"])
def test_yes_is_won_although_it_is_more_frequent(
    tmp_path: Path, yes: str, no: str, name: str
) -> None:
    found = source_of(tmp_path, {name: [yes, yes, no, ""]})
    assert found == ColumnSource(name, won=(yes,), lost=(no,))


def test_yes_no_and_a_word_for_open(tmp_path: Path) -> None:
    found = source_of(tmp_path, {"Verkauft": ["Ja", "Nein", "offen"]})
    assert found == ColumnSource("Verkauft", won=("Ja",), lost=("Nein",))


SALESFORCE = {
    "StageName": ["Closed Won", "Closed Lost", "Prospecting"],
    "IsClosed": ["true", "true", "false"],
    "IsWon": ["true", "false", "false"],
}


def test_a_stage_comes_before_a_flag_that_is_never_empty(tmp_path: Path) -> None:
    found = source_of(tmp_path, SALESFORCE)
    assert found == ColumnSource("StageName", won=("Closed Won",), lost=("Closed Lost",))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("IsClosed", ["true", "true", "false"]),
        ("Closed", ["Ja", "Ja", "Nein"]),
        ("Status", ["Closed", "Closed", "Open"]),
        ("Statut", ["Fermé", "Fermé", "Ouvert"]),
        ("Closed At", ["2024-02-03", "2024-03-04", ""]),
    ],
)
def test_a_flag_counts_only_where_the_lead_is_closed(
    tmp_path: Path, name: str, values: list[str]
) -> None:
    columns = {name: values, "IsWon": ["true", "false", "false"]}
    choice = outcome(tmp_path, columns)
    assert choice.origin == ColumnSource("IsWon", decided=name)
    assert choice.known == 40
    assert f'only where "{name}" says closed; still open: 20' in choice.why
    result = checked(tmp_path, columns).outcome
    assert result is not None
    assert result.totals == (20, 20, 20)
    assert result.open == (("false", 20),)


def test_a_flag_for_lost_does_not_say_who_is_closed(tmp_path: Path) -> None:
    columns = {
        "Is Closed Won": ["true", "false", "false"],
        "Is closed lost": ["false", "true", "false"],
        "Is deal closed": ["true", "true", "false"],
    }
    found = source_of(tmp_path, columns)
    assert found == ColumnSource("Is Closed Won", decided="Is deal closed")


def test_a_flag_of_all_rows_beside_open_stages_is_asked_for(tmp_path: Path) -> None:
    columns = {"Status": ["Working", "New", "Archive"], "Converted": ["0", "0", "1"]}
    choice = outcome(tmp_path, columns)
    assert choice.origin is None
    assert '"Converted" says yes or no in every row' in choice.why


@pytest.mark.parametrize(
    "columns",
    [
        {"Stage": ["0", "1", "2"]},
        {"Status": ["a", "b", "b"]},
        {"Status": ["Type A", "Type B"]},
        {"Stage": ["Subscriber", "MQL", "SQL", "Opportunity", "Customer", "Unqualified"]},
        {"Stage": ["Won", "New", "Talking"]},
        {"Status": ["Closed", "Open"]},
        {"Status": ["Abgeschlossen", "Verloren", "Neu"]},
        {"Lost": ["yes", "no", ""]},
        {"Nicht verkauft": ["ja", "nein", ""]},
        {"Deal Type": ["New Business", "Existing Business"]},
        {"Gender": ["F", "V", ""]},
        {"Newsletter": ["yes", "no", ""]},
        {"has_newsletter": ["1", "0", ""], "Employees 2": ["4"]},
        {"Email Opt Out": ["ja", "nein", ""]},
        {"previous_outcome": ["won", "lost", ""]},
        {"Lost Reason": ["Price", "Lost to competitor", "Won by us"]},
        {"Payment Status": ["Paid", "Failed", "Cancelled"]},
        {"Verkauft": ["x", ""]},
        {"Lead quality": ["good", "bad"]},
        {"IsClosed": ["true", "true", "false"]},
        {"Abgeschlossen": ["Ja", "Nein", ""]},
        {"Rückruf gewünscht": ["Ja", "Nein", ""]},
        {"hat Vertrag": ["ja", "nein", ""]},
        {"New customer": ["yes", "no", ""]},
        {"Status": ["A", "B", "C"], "Besichtigt": ["ja", "nein", ""]},
    ],
)
def test_what_is_not_said_is_asked(tmp_path: Path, columns: dict[str, list[str]]) -> None:
    guess = table(tmp_path, columns)
    choice = next((choice for choice in guess.choices if choice.name == "won"), None)
    assert choice is None or choice.origin is None
    text = settings_text("x", tmp_path, [guess])
    (tmp_path / "umbrella.toml").write_text(text, "utf-8")
    load_settings(tmp_path)
    if choice is not None:
        assert "?" in choice.why
        assert "\n# won = " in text


def test_a_proposal_can_be_pasted(tmp_path: Path) -> None:
    columns = {"Stage": ["Lead", "MQL", "Customer", "Unqualified"]}
    guess = table(tmp_path, columns)
    text = settings_text("x", tmp_path, [guess])
    line = '# won = { column = "Stage", won = ["Customer"], lost = ["Unqualified"] }'
    assert line in text
    (tmp_path / "umbrella.toml").write_text(text.replace(line, line[2:]), "utf-8")
    (result,) = check(load_settings(tmp_path)).sources
    assert result.outcome is not None
    assert result.outcome.totals == (15, 15, 30)


@pytest.mark.parametrize(
    ("column", "values", "won"),
    [
        ("Stage", ["Won", "", ""], "Won"),
        ("Phase", ["Gewonnen", "Offen", "Neu"], "Gewonnen"),
        ("Statut", ["Gagné", "Ouvert", ""], "Gagné"),
        ("Converted", ["Yes", "", ""], "Yes"),
    ],
)
def test_where_nobody_is_lost_age_can_say_it(
    tmp_path: Path, column: str, values: list[str], won: str
) -> None:
    guess = table(tmp_path, {column: values})
    choice = next(choice for choice in guess.choices if choice.name == "won")
    assert choice.origin is None
    assert "nobody lost" in choice.why
    text = settings_text("x", tmp_path, [guess])
    line = f'# won = {{ column = "{column}", won = ["{won}"] }}   # <- '
    age = "# lost_after_days = 180 "
    assert line in text
    assert age in text
    answered = text.replace(line, line[2:])
    for said, answer in (
        ("If lost leads are not written down", answered),
        ("leads open longer than 180 days count as lost", answered.replace(age, age[2:])),
    ):
        (tmp_path / "umbrella.toml").write_text(answer, "utf-8")
        (result,) = check(load_settings(tmp_path)).sources
        assert result.outcome is not None
        assert result.outcome.totals == (20, 0, 40)
        (note,) = [note for note in result.notes if "nobody is lost" in note]
        assert said in note
        assert ("nothing can be learned" in note) == (answer is answered)


@pytest.mark.parametrize(
    "name",
    ["Result date", "Decision date", "Date of decision", "Datum besluit", "Entscheidungsdatum",
     "Date de décision", "Fecha de decisión", "Data decisione", "Data da decisão", "Data decyzji",
     "Irgendwann"],
)  # fmt: skip
@pytest.mark.parametrize("ends", [["Zapf", "Zopf", ""], ["Won", "", ""]])
def test_when_a_lead_was_closed_is_proposed_although_its_outcome_is_asked_for(
    tmp_path: Path, name: str, ends: list[str]
) -> None:
    columns = {
        "Created on": [f"2024-01-0{1 + n % 5}" for n in range(6)],
        "Result": ends,
        name: [f"2024-03-0{1 + n}" if ends[n % 3] else "" for n in range(6)],
    }
    guess = table(tmp_path, columns)
    found = {choice.name: choice for choice in guess.choices}
    assert found["won"].origin is None
    closed = found["closed_at"].origin
    assert closed is not None
    assert closed.column == name
    assert name not in guess.ignore
    assert "Result" not in (*guess.ignore, *guess.leaks)


def test_an_unknown_stage_may_mean_lost(tmp_path: Path) -> None:
    text = settings_text("x", tmp_path, [table(tmp_path, {"Stage": ["Won", "Open", "Zapf"]})])
    assert '# won = { column = "Stage", won = ["Won"], lost = [] }   # <- ' in text
    assert "lost_after_days" not in text


def test_a_sparse_flag_is_none_beside_a_stage(tmp_path: Path) -> None:
    stage = ["Gewonnen", "Verloren", "Angebot"]
    for other in ("is_vip", "Rückruf", "zufrieden"):
        found = source_of(tmp_path, {other: ["ja", "nein", ""], "Phase": stage})
        assert found == ColumnSource("Phase", won=("Gewonnen",), lost=("Verloren",))


def test_better_words_come_before_others(tmp_path: Path) -> None:
    choice = outcome(tmp_path, {"Status": ["Won", "Signed", "Lost", "New"]})
    assert choice.origin == ColumnSource("Status", won=("Won",), lost=("Lost",))
    assert 'Not sure: "Signed" 15' in choice.why


def test_dates_of_winning_and_losing_are_evidence(tmp_path: Path) -> None:
    columns = {
        "Status": ["Won", "Lost", "Open"],
        "Won time": ["2024-02-03 10:00", "", ""],
    }
    assert '"Won time" is filled for as many rows as are won' in outcome(tmp_path, columns).why
