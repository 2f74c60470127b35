"""What `init` guesses from a file, and that the settings it writes can be read."""

import random
import tempfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redumbrella.errors import DataError
from redumbrella.settings.settings import Settings, load_settings
from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.guessing.choice import Choice
from redumbrella.sources.guessing.guess import TableGuess, guess_files
from redumbrella.sources.guessing.questions import left_open, questions
from redumbrella.sources.guessing.template import settings_text
from redumbrella.sources.guessing.vocabulary import words
from redumbrella.workflows.ingest import check


def guessed(folder: Path, name: str, content: str) -> tuple[TableGuess, Settings]:
    """The guess about a file, and the settings that `init` would write."""
    (folder / name).write_text(content, encoding="utf-8")
    (guess,) = guess_files([name], folder)
    (folder / "umbrella.toml").write_text(settings_text("x", folder, [guess]), encoding="utf-8")
    return guess, load_settings(folder)


def origin(guess: TableGuess, name: str) -> ColumnSource | None:
    found: dict[str, Choice] = {choice.name: choice for choice in guess.choices}
    return found[name].origin if name in found else None


def crm(rows: int = 60) -> str:
    chance = random.Random(4)
    lines = ["Prospect ID;Lead Number;Created On;Lead Source;Converted;Size;Last Activity;Owner"]
    for number in range(rows):
        won = chance.choice(["1", "0", ""])
        day = f"{1 + number % 28:02}/{1 + number % 12:02}/2024"
        lines.append(
            f"{chance.getrandbits(64):x};{600000 + number};{day};{chance.choice('ABC')};{won};"
            f"{chance.randrange(9)};Call;{chance.choice(['Ann', 'Bob'])}"
        )
    return "\n".join(lines) + "\n"


def test_a_crm_export(tmp_path: Path) -> None:
    guess, found = guessed(tmp_path, "export.csv", crm())
    assert guess.table == "leads"
    assert origin(guess, "lead_id") == ColumnSource("Lead Number")
    assert origin(guess, "won") == ColumnSource("Converted")
    assert origin(guess, "created_at") == ColumnSource("Created On", "day first")
    assert origin(guess, "source") == ColumnSource("Lead Source")
    assert origin(guess, "rep_id") == ColumnSource("Owner")
    assert list(guess.ignore) == ["Prospect ID"]
    assert guess.leaks == ("Last Activity",)
    why = next(choice.why for choice in guess.choices if choice.name == "won")
    assert "still open" in why
    leads = found.tables["leads"]
    assert leads.path == ("export.csv",)
    assert leads.columns["created_at"] == ColumnSource("Created On", "day first")
    assert leads.ignore == ("Prospect ID",)
    assert found.targets[0].from_ == "leads.won"
    assert check(found).problems == ()


@pytest.mark.parametrize(
    ("name", "is_source"), [("Lead Origin", True), ("origin", True), ("country of origin", False)]
)
def test_an_origin_is_the_source_of_a_lead_only_by_that_name(
    tmp_path: Path, name: str, is_source: bool
) -> None:
    guess, _ = guessed(tmp_path, "export.csv", crm().replace("Lead Source", name))
    assert origin(guess, "source") == (ColumnSource(name) if is_source else None)


def test_a_bare_table_with_an_outcome(tmp_path: Path) -> None:
    lines = [
        f"{20 + n % 40},{'abc'[n % 3]},{n % 7 * 10},{'yes' if n % 9 == 0 else 'no'}"
        for n in range(90)
    ]
    content = "age,job,duration,y\n" + "\n".join(lines) + "\n"
    guess, found = guessed(tmp_path, "bank.csv", content)
    assert origin(guess, "lead_id") == ColumnSource(row=True)
    assert origin(guess, "won") == ColumnSource("y")
    assert origin(guess, "created_at") is None
    assert guess.leaks == ("duration",)
    assert found.tables["leads"].columns["lead_id"].row
    assert check(found).problems == ()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["good", "bad", "bad"], ColumnSource("label", won=("good",), lost=("bad",))),
        (["a", "a", "b"], None),
        (
            ["Closed Won", "Closed Lost", "Talking"],
            ColumnSource("label", won=("Closed Won",), lost=("Closed Lost",)),
        ),
        (["x", "y", "z"], None),
        (
            ["gewonnen", "verloren", ""],
            ColumnSource("label", won=("gewonnen",), lost=("verloren",)),
        ),
    ],
)
def test_outcomes(tmp_path: Path, values: list[str], expected: ColumnSource | None) -> None:
    lines = "".join(f"{number},{values[number % 3]}\n" for number in range(30))
    guess, found = guessed(tmp_path, "leads.csv", "id,label\n" + lines)
    assert origin(guess, "won") == expected
    # Without an outcome `check` asks for it, and for nothing else.
    problems = check(found).problems
    assert all("won or lost" in problem for problem in problems)
    assert len(problems) == (expected is None)


def test_other_tables(tmp_path: Path) -> None:
    orders = "".join(f"{n},C{n % 5},2024-01-{1 + n % 28:02},{n * 1.5},{n % 3}\n" for n in range(40))
    guess, found = guessed(
        tmp_path, "orders.csv", "Order,Customer ID,Date,Total,Quantity\n" + orders
    )
    assert guess.table == "purchases"
    assert {choice.name for choice in guess.choices} == {
        *("person_id", "at", "amount", "purchase_id", "quantity")
    }
    assert origin(guess, "person_id") == ColumnSource("Customer ID")
    assert check(found).problems == ()
    clicks = "person_id,at,kind\np,2024-01-01,view\nq,2024-01-02,view\n"
    assert guessed(tmp_path, "x.csv", clicks)[0].table == "events"
    missing, _ = guessed(tmp_path, "events.csv", "who,size\np,1\nq,2\n")
    assert origin(missing, "at") is None


def test_what_cannot_be_guessed_from(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("a,b\n", encoding="utf-8")
    with pytest.raises(DataError, match="no rows"):
        guess_files(["empty.csv"], tmp_path)
    with pytest.raises(DataError, match="There is no file"):
        guess_files(["nothing.csv"], tmp_path)


def test_the_template_without_files_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "umbrella.toml").write_text(settings_text('A "b"\n', tmp_path, []), "utf-8")
    found = load_settings(tmp_path)
    assert found.name == 'A "b"\n'
    assert not found.tables


def test_words_of_names() -> None:
    assert words("LeadNumber_ID 2") == ("lead", "number", "id")


names = st.text(st.characters(exclude_categories=("Cs",), exclude_characters='"\r\n\0'), min_size=1)


@given(names, names)
@settings(max_examples=8, deadline=None)
def test_any_column_name_survives_in_the_settings(first: str, second: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = "".join(f"{number};{number % 2}\n" for number in range(10))
        content = f'"id{first}";"won {second}"\n' + lines
        try:
            guess, found = guessed(folder, "leads.csv", content)
        except DataError as problem:
            assert problem.reason == "binary_file"  # noqa: PT017  names of control characters
            return
        assert set(found.tables["leads"].columns) == {
            choice.name for choice in guess.choices if choice.origin is not None
        }
        # A name such as "won public" holds a word that speaks against an outcome: then it is asked.
        problems = check(found).problems
        assert len(problems) == ("won" not in found.tables["leads"].columns), problems


def test_an_order_book_alone_has_targets_that_suit_it(tmp_path: Path) -> None:
    lines = [f"c{n % 20},2024-01-{n % 28 + 1:02d},{n}.50,p{n % 5}" for n in range(80)]
    content = "customer,time,amount,product\n" + "\n".join(lines) + "\n"
    guess, found = guessed(tmp_path, "list.csv", content)
    assert guess.table == "purchases"
    products, churn = found.targets
    assert (products.purchase, products.per) == (True, "product")
    assert churn.absence_of == "purchase"
    _, without = guessed(tmp_path, "list.csv", content.replace("product", "note"))
    assert [(one.purchase, one.per) for one in without.targets] == [(True, None), (False, None)]


@pytest.mark.parametrize(
    ("days", "buying", "away"), [(20, 7, 7), (61, 14, 14), (130, 30, 30), (300, 30, 60),
     (400, 30, 90)]
)  # fmt: skip
def test_the_horizon_of_targets_fits_the_time_that_purchases_span(
    tmp_path: Path, days: int, buying: int, away: int
) -> None:
    begin, names = date(2023, 1, 1), []
    for part in range(2):  # one export for each half
        span = range(part * days // 2, (part + 1) * days // 2 + part)
        lines = [f"c{n % 20},{begin + timedelta(n)},{n}.50" for n in span]
        names.append(f"orders-{part}.csv")
        content = "customer,time,amount\n" + "\n".join(lines) + "\n"
        (tmp_path / names[-1]).write_text(content)
    guesses = guess_files(names, tmp_path)
    text = settings_text("x", tmp_path, guesses)
    (tmp_path / "umbrella.toml").write_text(text)
    found = load_settings(tmp_path).targets
    assert [target.horizon_days for target in found] == [buying, away]
    assert (f"span only {days} days" in text) == (days < 4 * 90)


def test_an_outcome_is_known_by_its_words_where_its_name_says_nothing(tmp_path: Path) -> None:
    ends = ("perdu", "gagné", "")
    lines = "".join(f"{n};{'ab'[n % 2]};{ends[n % 3]};{n % 5}\n" for n in range(60))
    guess, _ = guessed(tmp_path, "pistes.csv", "no;genre;fin;visites\n" + lines)
    assert origin(guess, "won") == ColumnSource("fin", won=("gagné",), lost=("perdu",))


def company(folder: Path, rows: int = 80) -> list[str]:
    """Five files of a German company, named so that their names say nothing."""
    day = [f"{1 + n % 28:02}.{1 + n % 12:02}.2024 10:00" for n in range(rows)]
    ends = [("gewonnen", "verloren", "offen")[n % 3] for n in range(rows)]
    leads = [
        f"L-{n};K{100 + n};{day[n]};Messe;{'' if ends[n] == 'offen' else day[n]};{ends[n]};Meier"
        for n in range(rows)
    ]
    people = [f"K{100 + n};Zoë;{n % 7}" for n in range(rows)]
    contacts = [
        f"K{100 + n % 50}\t{day[n]}\t{('Anruf', 'E-Mail')[n % 2]}\t{n}" for n in range(rows)
    ]
    bills = [f"K{100 + n % 40};{day[n]};Plus;{n},50" for n in range(rows)]
    events = [
        f'{{"user": "K{100 + n % 60}", "event": "demo_request", "timestamp": "2024-01-01T10:00"}}'
        for n in range(rows)
    ]
    files = {
        "a.csv": ["Anfrage-Nr;Kunden-Nr;Eingang;Quelle;Abschluss am;Ergebnis;Betreuer", *leads],
        "b.csv": ["Kunden-Nr;Name;Größe", *people],
        "c.tsv": ["Kunden-Nr\tZeitpunkt\tArt\tDauer (min)", *contacts],
        "d.csv": ["Kunden-Nr;Datum;Produkt;Betrag", *bills],
        "e.jsonl": events,
    }
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return list(files)


def test_ids_that_files_share_tell_who_is_who(tmp_path: Path) -> None:
    guesses = guess_files(company(tmp_path), tmp_path)
    tables = ["leads", "people", "activities", "purchases", "events"]
    assert [guess.table for guess in guesses] == tables
    leads, people, contacts, bills, events = guesses
    assert origin(leads, "lead_id") == ColumnSource("Anfrage-Nr")
    assert origin(leads, "won") == ColumnSource("Ergebnis", won=("gewonnen",), lost=("verloren",))
    assert origin(leads, "created_at") == ColumnSource("Eingang", "day first")
    assert origin(leads, "closed_at") == ColumnSource("Abschluss am", "day first")
    assert origin(leads, "rep_id") == ColumnSource("Betreuer")
    assert all(origin(g, "person_id") == ColumnSource("Kunden-Nr") for g in guesses[:4])
    assert origin(events, "person_id") == ColumnSource("user")
    assert origin(contacts, "kind") == ColumnSource("Art")
    assert origin(contacts, "duration_s") is None, "minutes are no seconds"
    assert origin(bills, "amount") == ColumnSource("Betrag")
    assert people.why.startswith('every row has a "Kunden-Nr"')
    text = settings_text("x", tmp_path, guesses)
    (tmp_path / "umbrella.toml").write_text(text, encoding="utf-8")
    assert check(load_settings(tmp_path)).problems == ()


def test_without_leads_elsewhere_a_list_with_keys_may_be_the_leads(tmp_path: Path) -> None:
    company(tmp_path)
    people, events = guess_files(["b.csv", "e.jsonl"], tmp_path)
    assert (people.table, events.table) == ("leads", "events")


def test_rows_counted_from_one_are_not_the_same_people(tmp_path: Path) -> None:
    leads = [
        f"{n},{n % 30 + 1},2024-01-{1 + n % 28:02},{('won', 'lost')[n % 2]}" for n in range(1, 90)
    ]
    calls = [f"{n},{n % 60 + 1},2024-02-{1 + n % 28:02},Call" for n in range(1, 200)]
    (tmp_path / "a.csv").write_text("\n".join(["id,customer_id,created,outcome", *leads]))
    (tmp_path / "b.csv").write_text("\n".join(["id,lead_id,time,type", *calls]))
    first, second = guess_files(["a.csv", "b.csv"], tmp_path)
    assert (first.table, second.table) == ("leads", "activities")
    assert origin(first, "lead_id") == ColumnSource("id")
    assert origin(second, "lead_id") == ColumnSource("lead_id")
    assert origin(second, "person_id") is None


def test_calls_that_were_won_or_lost_are_leads(tmp_path: Path) -> None:
    """The file's name, an earlier outcome and a date in the future all point astray."""
    lines = "".join(
        f"C{n},2024-02-{1 + n // 10:02d},2024-03-{1 + 7 * n % 28:02d},"
        f"{('failure', 'success', '')[n % 3]},{('won', 'lost', '', 'lost')[n % 4]}\n"
        for n in range(200)
    )
    head = "id,called,policy_start,previous_outcome,result\n"
    guess, _ = guessed(tmp_path, "bank_calls.csv", head + lines)
    assert guess.table == "leads"
    assert origin(guess, "won") == ColumnSource("result")
    assert origin(guess, "created_at") == ColumnSource("called")
    # A log of calls whose people come again and again stays one.
    people = "".join(
        f"P{int(line[1:].split(',')[0]) % 40}{line[line.index(',') :]}\n"
        for line in lines.replace("won", "yes").replace("lost", "no").splitlines()
    )
    guess, _ = guessed(tmp_path, "calls.csv", head.replace("id,", "person_id,") + people)
    assert guess.table == "activities"


def test_day_and_month_that_cannot_be_told_apart_are_asked_for(tmp_path: Path) -> None:
    lines = [
        f"D{n},{n % 12 + 1:02}/{n % 11 + 1:02}/2024,{('Won', 'Lost')[n % 2]}" for n in range(60)
    ]
    content = "Deal ID,Created,Stage\n" + "\n".join(lines) + "\n"
    guess, _ = guessed(tmp_path, "deals.csv", content)
    (asked,) = questions([guess])
    assert '"Created" may be day first or month first, such as "01/01/2024"' in asked
    text = (tmp_path / "umbrella.toml").read_text("utf-8")
    assert 'created_at = "Created"   # <- say which' in text
    # Another time of the file says it.
    both = "\n".join(f"{line},{(13, 28)[n % 2]}/03/2024" for n, line in enumerate(lines))
    guess, found = guessed(tmp_path, "deals.csv", "Deal ID,Created,Stage,Close Date\n" + both)
    assert questions([guess]) == []
    assert found.tables["leads"].columns["created_at"] == ColumnSource("Created", "day first")


def test_what_is_open_is_marked_in_the_settings_and_found_there(tmp_path: Path) -> None:
    lines = "".join(f"D{n},2024-01-{1 + n % 28:02},{n % 3},5\n" for n in range(60))
    guess, _ = guessed(tmp_path, "deals.csv", "Deal ID,Create Date,Stage,Amount\n" + lines)
    (asked,) = questions([guess])
    assert asked.startswith("[tables.leads.columns] won: ")
    (line,) = left_open((tmp_path / "umbrella.toml").read_text("utf-8"))
    assert line.startswith("won = ")


def test_several_currencies_are_asked_for(tmp_path: Path) -> None:
    lines = "".join(
        f"O{n},C{n % 9},2024-01-{1 + n % 28:02},{n}.50,{('EUR', 'USD', 'EUR')[n % 3]}\n"
        for n in range(60)
    )
    head = "order_id,customer_id,order_date,amount,currency\n"
    guess, _ = guessed(tmp_path, "orders.csv", head + lines)
    assert guess.currency[0] == "EUR"
    assert "has amounts in EUR, USD" in questions([guess])[0]
    text = (tmp_path / "umbrella.toml").read_text("utf-8")
    block = "# [currencies]\n# USD = 0.00   # <- what one USD is worth in EUR\n"
    assert block in text
    (problem,) = check(load_settings(tmp_path)).problems
    # What the error says to write can be put below, and so can the lines be used that are there.
    pasted = problem[problem.index("  [currencies]") :]
    assert "USD = ..." in pasted
    for answered in (text + pasted.replace("...", "0.92"),
                     text.replace(block, "[currencies]\nUSD = 0.92\n")):  # fmt: skip
        (tmp_path / "umbrella.toml").write_text(answered, "utf-8")
        assert load_settings(tmp_path).currencies.rates == {"USD": 0.92}


def test_currency_and_timezone_are_what_the_files_say(tmp_path: Path) -> None:
    lines = "".join(
        f"O{n},C{n % 9},2024-{1 + n % 12:02}-02 10:00:00 "
        f"{'+0200' if 3 < 1 + n % 12 < 10 else '+0100'},£{n}.50\n"
        for n in range(60)
    )
    _, found = guessed(tmp_path, "o.csv", "order_id,customer_id,order_date,amount\n" + lines)
    assert (found.currency, found.timezone) == ("GBP", "Europe/Berlin")
    _, found = guessed(
        tmp_path,
        "o.csv",
        "order_id,customer_id,order_date,amount\n"
        + lines.replace("£", "").replace(" +0200", "").replace(" +0100", ""),
    )
    assert (found.currency, found.timezone) == ("EUR", "UTC")
    assert "no file says which" in (tmp_path / "umbrella.toml").read_text("utf-8")


def test_a_single_bad_time_leaves_no_question(tmp_path: Path) -> None:
    lines = [f"D{n},2024-{1 + n % 12:02}-{1 + n % 28:02} 10:0{n % 10},{('Won', 'Lost')[n % 2]}"
             for n in range(200)]  # fmt: skip
    lines[50] = "D50,yesterday,Won"
    content = "Deal ID,Create Date,Stage\n" + "\n".join(lines) + "\n"
    guess, found = guessed(tmp_path, "deals.csv", content)
    assert questions([guess]) == []
    assert origin(guess, "created_at") == ColumnSource("Create Date")
    assert check(found).problems == ()


def test_visits_with_some_calls_among_them_are_events(tmp_path: Path) -> None:
    def file(kinds: tuple[str, ...]) -> str:
        rows = [f"E{n},P{n % 30},2024-01-{1 + n % 28:02}T10:00,{kinds[n % len(kinds)]}"
                for n in range(150)]  # fmt: skip
        return "event_id,person_id,timestamp,event_type\n" + "\n".join(rows) + "\n"

    guess, _ = guessed(tmp_path, "a.csv", file(("page_view", "page_view", "call", "demo_request")))
    assert (guess.table, origin(guess, "kind")) == ("events", ColumnSource("event_type"))
    guess, _ = guessed(tmp_path, "a.csv", file(("call", "meeting", "demo_request")))
    assert (guess.table, origin(guess, "kind")) == ("activities", ColumnSource("event_type"))


def test_people_and_activities_by_their_own_names(tmp_path: Path) -> None:
    """Amounts recur as ids do, and one lead a person makes its id look like a second one."""
    days = [f"2026-0{1 + i % 9}-1{i % 10} 09:00:00" for i in range(60)]
    leads = ["lead_id,person_id,created_at,stage,closed_at,amount"]
    leads += [
        f"L{i},P{i},{days[i]},{'won' if i % 3 else 'lost'},{days[i]},{500 + i % 20}.98"
        for i in range(60)
    ]
    buys = ["order_id,person_id,purchased_at,amount"]
    buys += [f"O{i},P{i % 40},{days[i]},{500 + i % 20}.98" for i in range(60)]
    calls = ["activity_id,lead_id,person_id,kind,at,rep_id"]
    calls += [f"A{i},L{i % 50},P{i % 50},call,{days[i % 60]},R{i % 3}" for i in range(120)]
    for name, rows in (("leads", leads), ("purchases", buys), ("activities", calls)):
        (tmp_path / f"{name}.csv").write_text("\n".join(rows) + "\n", "utf-8")
    names = ["leads.csv", "purchases.csv", "activities.csv"]
    found = {guess.table: guess for guess in guess_files(names, tmp_path)}
    assert origin(found["leads"], "person_id") == ColumnSource("person_id")
    assert origin(found["leads"], "amount") == ColumnSource("amount")
    assert origin(found["activities"], "lead_id") == ColumnSource("lead_id")


def test_a_catalogue_beside_orders_is_one_whatever_its_prices(tmp_path: Path) -> None:
    draw = random.Random(3)
    prices = [f"{draw.randint(300, 9000) / 100:.2f}" for _ in range(120)]
    (tmp_path / "catalogue.csv").write_text(
        "sku,title,category,price\n"
        + "".join(f"A{n:03d},Wine {n},red,{price}\n" for n, price in enumerate(prices)),
        "utf-8",
    )
    lines = "".join(
        f"c{draw.randrange(40)},2024-0{draw.randint(1, 9)}-1{n % 10},{prices[n % 120]},"
        f"A{n % 120:03d}\n"
        for n in range(900)
    )
    orders = "customer_no,ordered_at,line_total,sku\n" + lines
    (tmp_path / "orders.csv").write_text(orders, "utf-8")
    found = {one.table: one for one in guess_files(["orders.csv", "catalogue.csv"], tmp_path)}
    assert set(found) == {"purchases", "products"}
    for name, table, column in (
        ("person_id", "purchases", "customer_no"), ("amount", "purchases", "line_total"),
        ("product_id", "products", "sku"), ("price", "products", "price"),
    ):  # fmt: skip
        known = origin(found[table], name)
        assert known is not None, name
        assert known.column == column
