"""[labels]: names in words; labels of fields, values and units; what is wrong in the section."""

from pathlib import Path

import pytest

from redumbrella.errors import SettingsError
from redumbrella.settings.labels import Labels, name_in_words
from redumbrella.settings.settings import load_settings

BASE = '[workspace]\ncurrency = "CHF"\n[tables.leads]\npath = "a.csv"\n'


def labels_from(folder: Path, text: str) -> Labels:
    (folder / "umbrella.toml").write_text(BASE + text, "utf-8")
    return load_settings(folder).labels


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lastContact.channel", "last contact channel"),
        ("TotalVisits", "total visits"),
        ("LEAD_SOURCE", "lead source"),
        ("CRM_ID", "crm id"),
        ("pdays", "pdays"),
        ("Herkunft", "Herkunft"),
        ("Lead Source", "Lead Source"),
        ("CRMOwnerName", "CRM owner name"),
        ("nr.employed", "nr employed"),
        ("Größe der Firma", "Größe der Firma"),
        ("USD", "USD"),
    ],
)
def test_names_in_words(name: str, words: str) -> None:
    assert name_in_words(name) == words


def test_labels_of_fields_values_and_units(tmp_path: Path) -> None:
    found = labels_from(
        tmp_path,
        '[labels.fields]\npdays = "days since the last contact"\n"a.b" = "the a of b"\n'
        '[labels.values.pdays]\n"999" = "never"\n[labels.values.vip]\nyes = "a VIP"\n'
        '[labels.units]\nduration_s = "seconds"\nkilo_kg = ""\n',
    )
    assert found.field("pdays") == found.field("person.pdays") == "days since the last contact"
    assert found.field("a.b") == "the a of b"
    assert found.value("pdays", 999.0) == found.value("pdays", 999) == "never"
    assert found.value("pdays", 3.0) is None
    assert found.value("vip", True) == "a VIP"
    assert found.value("vip", None) is None
    assert found.unit("duration_s") == "seconds"
    assert found.unit("kilo_kg") == ""
    assert found.unit("budget_eur") == "EUR"
    assert found.unit("days") == found.unit("cats_s") == ""
    assert found.field("budget_eur") == "budget"
    assert found.currency == "CHF"
    assert found.named == ("pdays", "a.b", "vip", "duration_s", "kilo_kg")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[labels.fields]\na.b = "x"\n', 'A name with dots stands in quotes: "a.b"'),
        ("[labels.fields]\na = 3\n", "[labels.fields] a = 3: expected text"),
        ('[labels.fields]\na = ""\n', "a is empty"),
        ('[labels.value]\na = "b"\n', 'unknown key "value". Did you mean "values"?'),
        ("[labels.values]\na = 3\n", "expected a section [labels.values.a]"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as problem:
        labels_from(tmp_path, text)
    assert said in problem.value.message
