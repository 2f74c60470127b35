"""Small folders of files as businesses bring them, from many systems and in many languages.

Each function gives a `Business`: its files by name, and what is true of it, known from how it was
made: leads won, lost and open, money for each customer, events for each person.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

START = datetime(2023, 1, 2, 8, 0)


@dataclass(frozen=True)
class Business:
    """Files by name with their content, and the truth about them.

    tables: file -> its table, or "joined". states: won, lost, open leads, None without leads.
    money: customer -> sum of amounts less refunds. events: person -> number of events.
    """

    files: dict[str, str]
    tables: dict[str, str]
    states: tuple[int, int, int] | None = None
    money: dict[str, float] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)


def lines(header: str, rows: Sequence[Sequence[object]], mark: str = ",") -> str:
    """A delimited file."""
    return "\n".join([header, *(mark.join(str(cell) for cell in row) for row in rows)]) + "\n"


def moments(number: int, seed: int, hours: int = 9) -> list[datetime]:
    """Instants that rise by some hours each."""
    chance = random.Random(seed)
    now, found = START, []
    for _ in range(number):
        now += timedelta(hours=chance.randint(1, hours), seconds=chance.randint(1, 3000))
        found.append(now)
    return found


def ends(number: int, seed: int) -> list[str]:
    """The state of each lead: the last ones are often open."""
    chance = random.Random(seed)
    weights = [(3, 5, 1) if n < 0.8 * number else (1, 1, 5) for n in range(number)]
    return [chance.choices(("won", "lost", "open"), weight)[0] for weight in weights]


def counted(states: Sequence[str]) -> tuple[int, int, int]:
    """Won, lost, open."""
    found = Counter(states)
    return found["won"], found["lost"], found["open"]


def zoho(seed: int = 1) -> Business:
    """Deals of Zoho in English: weighted revenue, a closing date for all, modified times."""
    chance, states, times = random.Random(seed), ends(150, seed), moments(150, seed)
    stage = {"won": ["Closed Won"], "lost": ["Closed Lost"], "open": ["Qualification", "Proposal"]}
    rows = [
        (
            f"zcrm_55{n:06}", f"Deal {n}", chance.choice(stage[state]), 100 * n, 60 * n, 60,
            f"{at + timedelta(days=30):%Y-%m-%d}", f"{at:%Y-%m-%d %H:%M:%S}",
            f"{at + timedelta(days=3):%Y-%m-%d %H:%M:%S}", chance.choice(["Web", "Cold Call"]),
            chance.choice(["Ann Lee", "Bo Ray"]), f"Person {n % 90}", f"+1 555 {n:05}",
        )
        for n, (state, at) in enumerate(zip(states, times, strict=True))
    ]  # fmt: skip
    header = ("Record Id,Deal Name,Stage,Amount,Expected Revenue,Probability (%),Closing Date,"
              "Created Time,Modified Time,Lead Source,Deal Owner,Contact Name,Phone")  # fmt: skip
    columns = {
        "lead_id": "Record Id", "won": "Stage", "amount": "Amount", "created_at": "Created Time",
        "updated_at": "Modified Time", "closed_at": "Closing Date", "rep_id": "Deal Owner",
        "source": "Lead Source",
    }  # fmt: skip
    return Business(
        {"Deals_2024.csv": lines(header, rows)},
        {"Deals_2024.csv": "leads"},
        counted(states),
        columns={"leads": columns},
    )


def dynamics_german(seed: int = 2) -> Business:
    """Opportunities of Dynamics in German: one id is blank, one comes twice."""
    chance, states, times = random.Random(seed), ends(140, seed), moments(140, seed)
    said = {"won": "Gewonnen", "lost": "Verloren", "open": "Offen"}
    rows = [
        (
            f"OPP-{n:05}", f"Thema {n}", said[state], f"{n * 10},50", f"{at:%d.%m.%Y %H:%M}",
            chance.choice(["Müller", "Weiß"]), chance.choice(["Messe", "Empfehlung"]), n % 7,
            f"k{n}@firma.de",
        )
        for n, (state, at) in enumerate(zip(states, times, strict=True))
    ]  # fmt: skip
    header = (
        "Verkaufschance-Nr;Thema;Statusgrund;Geschätzter Umsatz;Erstellt am;Besitzer;"
        "Herkunft;Anzahl Anrufe;E-Mail"
    )
    columns = {
        "lead_id": "Verkaufschance-Nr", "won": "Statusgrund", "amount": "Geschätzter Umsatz",
        "created_at": "Erstellt am", "rep_id": "Besitzer", "source": "Herkunft",
    }  # fmt: skip
    return Business(
        {"kontakte.csv": lines(header, rows, ";")},
        {"kontakte.csv": "leads"},
        counted(states),
        columns={"leads": columns},
    )


def pipedrive_french(seed: int = 3) -> Business:
    """Deals of Pipedrive in French."""
    chance, states, times = random.Random(seed), ends(130, seed), moments(130, seed)
    said = {"won": "Gagnée", "lost": "Perdue", "open": "En cours"}
    rows = [
        (
            1000 + n, f"Affaire {n}", said[state], n * 20, "EUR", f"{at:%Y-%m-%d %H:%M:%S}",
            chance.choice(["Zoé", "Luc"]), chance.choice(["Salon", "Site web"]),
            f"Société {n % 100}",
        )
        for n, (state, at) in enumerate(zip(states, times, strict=True))
    ]  # fmt: skip
    header = (
        "Affaire - ID,Affaire - Titre,Affaire - Statut,Affaire - Valeur,Affaire - Devise,"
        "Affaire - Créée le,Affaire - Propriétaire,Affaire - Origine,Affaire - Organisation"
    )
    columns = {
        "lead_id": "Affaire - ID", "won": "Affaire - Statut", "amount": "Affaire - Valeur",
        "created_at": "Affaire - Créée le", "rep_id": "Affaire - Propriétaire",
        "source": "Affaire - Origine",
    }  # fmt: skip
    return Business(
        {"export.csv": lines(header, rows)},
        {"export.csv": "leads"},
        counted(states),
        columns={"leads": columns},
    )


def history_of_leads(seed: int = 4) -> Business:
    """lead_id, status, time: several rows per lead, newest first, in a file called events."""
    states, times = ends(120, seed), moments(120, seed)
    rows = []
    for n, (state, at) in enumerate(zip(states, times, strict=True)):
        rows.append((at, f"L{n:04}", "New", "web"))
        if state == "open" and n % 2:
            continue
        rows.append((at + timedelta(days=1), f"L{n:04}", "Contacted", "web"))
        if state != "open":
            rows.append((at + timedelta(days=2), f"L{n:04}", state.capitalize(), "web"))
    rows.sort(reverse=True)
    shown = [(key, status, f"{at:%Y-%m-%dT%H:%M:%S}", via) for at, key, status, via in rows]
    columns = {"lead_id": "lead_id", "won": "status", "updated_at": "time", "source": "channel"}
    return Business(
        {"events.csv": lines("lead_id,status,time,channel", shown)},
        {"events.csv": "leads"},
        counted(states),
        columns={"leads": columns},
    )


def joined_dutch(seed: int = 5) -> Business:
    """Dutch leads with their amounts in a second file, ids written in other letters."""
    states, times = ends(110, seed), moments(110, seed)
    said = {"won": "Gewonnen", "lost": "Verloren", "open": "Nieuw"}
    leads = [
        (f"LD-{n:04}", f"{at:%d-%m-%Y %H:%M}", said[state], ["Beurs", "Telefoon"][n % 2])
        for n, (state, at) in enumerate(zip(states, times, strict=True))
    ]
    details = [(f"ld-{n:04}", f"{n * 10},00", f"Bedrijf {n % 60}") for n in range(100)]
    columns = {
        "lead_id": "Leadnummer", "won": "Status", "created_at": "Aangemaakt op", "source": "Bron",
        "amount": "Bedrag",
    }  # fmt: skip
    return Business(
        {
            "aanvragen.csv": lines("Leadnummer;Aangemaakt op;Status;Bron", leads, ";"),
            "details.csv": lines("Lead-nr;Bedrag;Bedrijf", details, ";"),
        },
        {"aanvragen.csv": "leads", "details.csv": "joined"},
        counted(states),
        columns={"leads": columns},
    )


def _orders(number: int, customers: int, seed: int) -> list[tuple[int, str, datetime, float]]:
    chance, times = random.Random(seed), moments(number, seed)
    return [
        (
            n,
            f"buyer{chance.randrange(customers):03}@example.org",
            at,
            round(chance.uniform(5, 90), 2),
        )
        for n, at in enumerate(times)
    ]


def _sums(rows: Sequence[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for person, amount in rows:
        found[person] = found.get(person, 0) + amount
    return found


def woocommerce(seed: int = 6) -> Business:
    """Orders of WooCommerce: a refund column, shipping and tax beside the total, e-mails."""
    chance = random.Random(seed)
    rows, money = [], []
    for n, who, at, total in _orders(260, 60, seed):
        refund = round(total / 2, 2) if chance.random() < 0.05 else 0
        status = "refunded" if refund else chance.choice(["completed", "processing"])
        rows.append(
            (5000 + n, f"{at:%Y-%m-%d %H:%M:%S}", status, who, 4.9, 1.2, total, refund, "USD")
        )
        money.append((who, total - refund))
    header = ("order_id,order_date,status,customer_email,shipping_total,tax_total,order_total,"
              "refunded_amount,currency")  # fmt: skip
    columns = {"person_id": "customer_email", "at": "order_date", "amount": "order_total",
               "purchase_id": "order_id"}  # fmt: skip
    return Business(
        {"leads_export.csv": lines(header, rows)},
        {"leads_export.csv": "purchases"},
        money=_sums(money),
        columns={"purchases": columns},
    )


def magento(seed: int = 7) -> Business:
    """Orders of Magento and the customers of whom they speak, in files with names of no use."""
    orders = _orders(240, 50, seed)
    rows = [
        (f"{100000000 + n}", f"{at:%Y-%m-%d %H:%M:%S}", who, total, "complete", "Retailer")
        for n, who, at, total in orders
    ]
    people = [(f"buyer{n:03}@example.org", f"Name {n}", n % 3, f"+49 {n}") for n in range(50)]
    columns = {"person_id": "customer_email", "at": "created_at", "amount": "grand_total",
               "purchase_id": "increment_id"}  # fmt: skip
    return Business(
        {
            "a.csv": lines("increment_id,created_at,customer_email,grand_total,status,group", rows),
            "b.csv": lines("email,name,group_id,telephone", people),
        },
        {"a.csv": "purchases", "b.csv": "people"},
        money=_sums([(who, total) for _, who, _, total in orders]),
        columns={"purchases": columns, "people": {"person_id": "email"}},
    )


def german_invoices(seed: int = 8) -> Business:
    """Lines of invoices in German: price for one and quantity, decimal commas, no total."""
    chance = random.Random(seed)
    rows, money = [], []
    for n, who, at, _ in _orders(150, 40, seed):
        number = who[5:8]
        for _ in range(chance.randint(1, 3)):
            count, price = chance.randint(1, 5), round(chance.uniform(2, 50), 2)
            item = f"A-{chance.randrange(12):02}"
            shown = f"{price:.2f}".replace(".", ",")
            rows.append((f"RE{n:05}", f"{at:%d.%m.%Y}", f"K{number}", item, count, shown))
            money.append((f"K{number}", count * price))
    header = "Rechnungsnummer;Rechnungsdatum;Kundennummer;Artikelnummer;Menge;Einzelpreis"
    columns = {"person_id": "Kundennummer", "at": "Rechnungsdatum", "amount": "Einzelpreis",
               "purchase_id": "Rechnungsnummer", "product_id": "Artikelnummer"}  # fmt: skip
    return Business(
        {"leads.csv": lines(header, rows, ";")},
        {"leads.csv": "purchases"},
        money=_sums(money),
        columns={"purchases": columns},
    )


def monthly_spanish(seed: int = 9) -> Business:
    """Orders of a Spanish shop, a file a month, with the day of a cancellation."""
    orders = _orders(200, 45, seed)
    cut = orders[120][2]
    files: dict[str, str] = {}
    header = "N.º pedido;Fecha de pedido;Cliente;Importe total;Fecha de cancelación"
    for name, mine in (("2023-01.csv", [o for o in orders if o[2] <= cut]),
                       ("2023-02.csv", [o for o in orders if o[2] > cut])):  # fmt: skip
        rows = [
            (f"P-{n}", f"{at:%d/%m/%Y %H:%M}", who, f"{total:.2f}".replace(".", ","), "")
            for n, who, at, total in mine
        ]
        files[name] = lines(header, rows, ";")
    columns = {"person_id": "Cliente", "at": "Fecha de pedido", "amount": "Importe total",
               "purchase_id": "N.º pedido", "cancelled_at": "Fecha de cancelación"}  # fmt: skip
    return Business(
        files,
        dict.fromkeys(files, "purchases"),
        money=_sums([(who, total) for _, who, _, total in orders]),
        columns={"purchases": columns},
    )


def italian_with_mixpanel(seed: int = 10) -> Business:
    """Italian leads and the events of Mixpanel of the same people."""
    chance, states, times = random.Random(seed), ends(120, seed), moments(120, seed)
    said = {"won": "Vinta", "lost": "Persa", "open": "In trattativa"}
    leads = [
        (
            f"O{n}",
            f"u-{n:03}",
            said[state],
            f"{at:%d/%m/%Y %H:%M}",
            n * 5,
            ["Rossi", "Bianchi"][n % 2],
        )
        for n, (state, at) in enumerate(zip(states, times, strict=True))
    ]
    events = [
        (chance.choice(["Page View", "Sign Up"]), f"{at:%Y-%m-%dT%H:%M:%S}", f"u-{who:03}", f"i{n}")
        for n, at in enumerate(moments(400, seed, 3))
        for who in [chance.randrange(120)]
    ]
    columns = {
        "leads": {"lead_id": "Codice opportunità", "person_id": "Cliente", "won": "Fase",
                  "created_at": "Creato il", "amount": "Importo", "rep_id": "Venditore"},
        "events": {"person_id": "distinct_id", "at": "time", "kind": "event",
                   "event_id": "$insert_id"},
    }  # fmt: skip
    header = "Codice opportunità,Cliente,Fase,Creato il,Importo,Venditore"
    return Business(
        {
            "opportunita.csv": lines(header, leads),
            "export.csv": lines("event,time,distinct_id,$insert_id", events),
        },
        {"opportunita.csv": "leads", "export.csv": "events"},
        counted(states),
        events=dict(Counter(str(row[2]) for row in events)),
        columns=columns,
    )


def segment_and_leads(seed: int = 11) -> Business:
    """Leads in English and tracks of Segment, of which some are of people not known yet."""
    chance, states, times = random.Random(seed), ends(120, seed), moments(120, seed)
    leads = [
        (
            f"{n:05}",
            f"user_{n}",
            f"{at:%Y-%m-%dT%H:%M:%SZ}",
            {"won": "yes", "lost": "no"}.get(state, ""),
        )
        for n, (state, at) in enumerate(zip(states, times, strict=True))
    ]
    events, found = [], Counter[str]()
    for n, at in enumerate(moments(300, seed, 4)):
        who = f"user_{chance.randrange(120)}"
        known = chance.random() < 0.8
        found[who] += known
        event = {
            "messageId": f"m{n}", "anonymousId": f"anon-{who}", "type": "track",
            "event": chance.choice(["Viewed Pricing", "Viewed Docs"]),
            "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.120Z",
            "receivedAt": f"{at + timedelta(seconds=4):%Y-%m-%dT%H:%M:%S}.000Z",
            "context": {"ip": "203.0.113.9"},
        }  # fmt: skip
        events.append(json.dumps(event | ({"userId": who} if known else {})))
    columns = {
        "leads": {"lead_id": "Lead ID", "person_id": "User ID", "won": "Converted",
                  "created_at": "Signup Date"},
        "events": {"person_id": "userId", "anonymous_id": "anonymousId", "at": "timestamp",
                   "kind": "event", "event_id": "messageId"},
    }  # fmt: skip
    return Business(
        {
            "signups.csv": lines("Lead ID,User ID,Signup Date,Converted", leads),
            "tracks.jsonl": "\n".join(events) + "\n",
        },
        {"signups.csv": "leads", "tracks.jsonl": "events"},
        counted(states),
        events={who: count for who, count in found.items() if count},
        columns=columns,
    )


def polish_agency(seed: int = 12) -> Business:
    """Polish leads of an agency, what campaigns cost each day, and the people who sell."""
    chance, states, times = random.Random(seed), ends(130, seed), moments(130, seed)
    said = {"won": "Wygrana", "lost": "Przegrana", "open": "W toku"}
    people = ["Kowalski", "Nowak", "Wiśniewska"]
    leads = [
        (f"S/{n}", said[state], f"{at:%Y-%m-%d %H:%M}", chance.choice(people), f"K{n % 3}", n * 7)
        for n, (state, at) in enumerate(zip(states, times, strict=True))
    ]
    days = [START + timedelta(days=n) for n in range(40)]
    spend = [(f"K{k}", f"{day:%Y-%m-%d}", round(chance.uniform(5, 50), 2), chance.randrange(99))
             for day in days for k in range(3)]  # fmt: skip
    reps = [(name, 500000, "Zachód", 8) for name in people]
    header = "Numer szansy;Status;Data utworzenia;Handlowiec;Kampania;Wartość"
    columns = {
        "leads": {"lead_id": "Numer szansy", "won": "Status", "created_at": "Data utworzenia",
                  "rep_id": "Handlowiec", "amount": "Wartość"},
        "spend": {"campaign_id": "campaign", "date": "date", "cost": "cost"},
        "reps": {"rep_id": "name"},
    }  # fmt: skip
    return Business(
        {
            "szanse.csv": lines(header, leads, ";"),
            "customers.csv": lines("campaign,date,cost,clicks", spend),
            "people.csv": lines("name,quota,region,capacity", reps),
        },
        {"szanse.csv": "leads", "customers.csv": "spend", "people.csv": "reps"},
        counted(states),
        columns=columns,
    )


def calls_in_portuguese(seed: int = 13) -> Business:
    """Portuguese deals with calls that point to them."""
    chance, states, times = random.Random(seed), ends(120, seed), moments(120, seed)
    said = {"won": "Ganho", "lost": "Perdido", "open": "Novo"}
    leads = [
        (f"NEG-{n}", said[state], f"{at:%d/%m/%Y %H:%M:%S}", ["Ana", "Rui"][n % 2], n * 3)
        for n, (state, at) in enumerate(zip(states, times, strict=True))
    ]
    calls = [
        (f"A{n}", f"NEG-{chance.randrange(120)}", chance.choice(["Chamada", "E-mail"]),
         f"{at:%d/%m/%Y %H:%M:%S}")
        for n, at in enumerate(moments(300, seed, 4))
    ]  # fmt: skip
    columns = {
        "leads": {"lead_id": "ID", "won": "Situação", "created_at": "Criado em",
                  "rep_id": "Responsável", "amount": "Valor"},
        "activities": {"activity_id": "id", "lead_id": "negócio", "kind": "tipo", "at": "data"},
    }  # fmt: skip
    return Business(
        {
            "orders.csv": lines("ID;Situação;Criado em;Responsável;Valor", leads, ";"),
            "b.csv": lines("id;negócio;tipo;data", calls, ";"),
        },
        {"orders.csv": "leads", "b.csv": "activities"},
        counted(states),
        columns=columns,
    )


BUSINESSES: tuple[Callable[[], Business], ...] = (
    zoho,
    dynamics_german,
    pipedrive_french,
    history_of_leads,
    joined_dutch,
    woocommerce,
    magento,
    german_invoices,
    monthly_spanish,
    italian_with_mixpanel,
    segment_and_leads,
    polish_agency,
    calls_in_portuguese,
)


def freshsales(seed: int = 21) -> Business:
    """Leads of Freshsales with a few blank ids, and the people who sell."""
    chance, states, times = random.Random(seed), ends(160, seed), moments(160, seed)
    stage = {"won": ["Won"], "lost": ["Lost"], "open": ["New", "Contacted", "Interested"]}
    owners = ["Priya Nair", "Tom Webb"]
    rows = [
        (
            f"4020{n:04}", f"First{n}", f"Last{n}", chance.choice(stage[state]),
            chance.choice(owners), 50 * n, f"{at:%Y-%m-%d %H:%M:%S}",
            f"{at + timedelta(days=2):%Y-%m-%d %H:%M:%S}", chance.choice(["Web form", "Chat"]),
            f"p{n}@example.com", f"+1-555-{n:04}", chance.randrange(40),
        )
        for n, (state, at) in enumerate(zip(states, times, strict=True))
    ]  # fmt: skip
    header = ("ID,First name,Last name,Lead stage,Sales owner,Deal value in Base Currency,"
              "Created at,Updated at,Source,Emails,Work number,Lead score")  # fmt: skip
    reps = [(name, f"{name.split()[0].lower()}@x.example", "EMEA", 10) for name in owners]
    columns = {
        "leads": {
            "lead_id": "ID", "won": "Lead stage", "rep_id": "Sales owner", "source": "Source",
            "amount": "Deal value in Base Currency", "created_at": "Created at",
            "updated_at": "Updated at",
        },
        "reps": {"rep_id": "Name", "capacity_per_day": "Calls per day"},
    }  # fmt: skip
    return Business(
        {
            "contacts.csv": lines(header, rows),
            "team.csv": lines("Name,Email,Territory,Calls per day", reps),
        },
        {"contacts.csv": "leads", "team.csv": "reps"},
        counted(states),
        columns=columns,
    )


def stripe(seed: int = 22) -> Business:
    """Payments of Stripe, newest first."""
    chance = random.Random(seed)
    rows, money = [], []
    for n, who, at, total in reversed(_orders(220, 50, seed)):
        back = total if chance.random() < 0.04 else 0
        key = f"cus_{who[5:8]}"
        status = "Refunded" if back else "Paid"
        rows.append(
            (f"ch_{n:05}x", f"{at:%Y-%m-%d %H:%M:%S}", total, back, "eur", key, who, status)
        )
        money.append((key, total - back))
    header = ("id,Created date (UTC),Amount,Amount Refunded,Currency,Customer ID,Customer Email,"
              "Status")  # fmt: skip
    columns = {"person_id": "Customer ID", "at": "Created date (UTC)", "amount": "Amount",
               "purchase_id": "id"}  # fmt: skip
    return Business(
        {"unified_payments.csv": lines(header, rows)},
        {"unified_payments.csv": "purchases"},
        money={who: total for who, total in _sums(money).items() if abs(total) > 0},
        columns={"purchases": columns},
    )


def matomo_and_german_leads(seed: int = 23) -> Business:
    """German leads of a spreadsheet and visits of Matomo."""
    chance, states, times = random.Random(seed), ends(120, seed), moments(120, seed)
    said = {"won": "Auftrag erhalten", "lost": "Absage", "open": "in Klärung"}
    leads = [
        (f"A{n:04}", f"KD-{n:04}", f"{at:%d.%m.%Y}", said[state], ["Messe", "Web"][n % 2],
         f"{n * 100},00 €", f"0{n}/55")
        for n, (state, at) in enumerate(zip(states, times, strict=True))
    ]  # fmt: skip
    visits = [
        (
            f"{at:%Y-%m-%d %H:%M:%S}",
            f"KD-{who:04}",
            f"{who:016x}",
            chance.choice(["Preise", "Start"]),
        )
        for at in moments(350, seed, 3)
        for who in [chance.randrange(120)]
    ]
    columns = {
        "leads": {
            "lead_id": "Anfrage-Nr.", "person_id": "Kunden-Nr.", "created_at": "Anfragedatum",
            "won": "Ergebnis", "source": "Aufmerksam geworden durch", "amount": "Auftragswert",
        },
        "events": {"person_id": "userId", "anonymous_id": "visitorId", "at": "serverTime",
                   "kind": "pageTitle"},
    }  # fmt: skip
    header = ("Anfrage-Nr.;Kunden-Nr.;Anfragedatum;Ergebnis;Aufmerksam geworden durch;"
              "Auftragswert;Telefon")  # fmt: skip
    return Business(
        {
            "Liste Vertrieb.csv": lines(header, leads, ";"),
            "matomo.csv": lines("serverTime,userId,visitorId,pageTitle", visits),
        },
        {"Liste Vertrieb.csv": "leads", "matomo.csv": "events"},
        counted(states),
        events=dict(Counter(str(row[1]) for row in visits)),
        columns=columns,
    )


def quickbooks(seed: int = 24) -> Business:
    """Invoice lines of QuickBooks: rate and quantity beside the amount, names for customers."""
    chance = random.Random(seed)
    rows, money = [], []
    for n, who, at, _ in _orders(160, 40, seed):
        customer = f"Client {who[5:8]} Ltd"
        for _ in range(chance.randint(1, 2)):
            count, rate = chance.randint(1, 4), chance.randint(10, 90)
            rows.append(
                (f"{at:%m/%d/%Y}", "Invoice", 1000 + n, customer, f"{at + timedelta(30):%m/%d/%Y}",
                 chance.choice(["Design", "Hosting", "Audit"]), count, f"{rate}.00",
                 f"{count * rate}.00")
            )  # fmt: skip
            money.append((customer, float(count * rate)))
    header = "Date,Transaction Type,Num,Customer,Due Date,Product/Service,Qty,Rate,Amount"
    columns = {"person_id": "Customer", "at": "Date", "amount": "Amount", "purchase_id": "Num"}
    return Business(
        {"report1.csv": lines(header, rows)},
        {"report1.csv": "purchases"},
        money=_sums(money),
        columns={"purchases": columns},
    )


def brazilian_by_email(seed: int = 25) -> Business:
    """Brazilian leads without an id but an e-mail, and orders by e-mail."""
    states, times = ends(120, seed), moments(120, seed)
    said = {"won": "Venda ganha", "lost": "Venda perdida", "open": "Em andamento"}
    leads = [
        (f"Nome {n}", f"buyer{n:03}@example.org", f"{at:%d/%m/%Y %H:%M}", said[state],
         ["Orgânico", "Pago"][n % 2], f"R$ {n * 10},00")
        for n, (state, at) in enumerate(zip(states, times, strict=True))
    ]  # fmt: skip
    orders = _orders(200, 100, seed)
    rows = [
        (f"#{n}", f"{at:%d/%m/%Y %H:%M}", who, f"{total:.2f}".replace(".", ","))
        for n, who, at, total in orders
    ]
    columns = {
        "leads": {"lead_id": "E-mail", "won": "Estado da negociação", "source": "Origem",
                  "created_at": "Data da criação", "amount": "Valor da negociação"},
        "purchases": {"person_id": "E-mail do cliente", "at": "Data do pedido",
                      "amount": "Valor total", "purchase_id": "Pedido"},
    }  # fmt: skip
    header = "Nome;E-mail;Data da criação;Estado da negociação;Origem;Valor da negociação"
    return Business(
        {
            "rdstation.csv": lines(header, leads, ";"),
            "loja.csv": lines("Pedido;Data do pedido;E-mail do cliente;Valor total", rows, ";"),
        },
        {"rdstation.csv": "leads", "loja.csv": "purchases"},
        counted(states),
        money=_sums([(who, total) for _, who, _, total in orders]),
        columns=columns,
    )


def salesforce_two_objects(seed: int = 26) -> Business:
    """Leads of Salesforce, and the opportunities that the converted ones became."""
    states, times = ends(150, seed), moments(150, seed)
    said = {"won": "Closed - Converted", "lost": "Closed - Not Converted", "open": "Working"}
    leads, deals = [], []
    for n, (state, at) in enumerate(zip(states, times, strict=True)):
        deal = f"006{n:012}AAA" if state == "won" else ""
        leads.append((f"00Q{n:012}AAA", said[state], f"{at:%Y-%m-%dT%H:%M:%S.000Z}", "Web", deal))
        if deal:
            stage = "Closed Won" if n % 2 else "Closed Lost"
            deals.append((deal, f"Deal {n}", n * 10, stage, f"{at + timedelta(9):%Y-%m-%d}"))
    columns = {"lead_id": "Id", "won": "Status", "created_at": "CreatedDate",
               "source": "LeadSource", "amount": "Amount"}  # fmt: skip
    return Business(
        {
            "lead.csv": lines("Id,Status,CreatedDate,LeadSource,ConvertedOpportunityId", leads),
            "opportunity.csv": lines("Id,Name,Amount,StageName,CloseDate", deals),
        },
        {"lead.csv": "leads", "opportunity.csv": "joined"},
        counted(states),
        columns={"leads": columns},
    )


# Written after the guess was finished, to see what it does with systems it was not made for.
HELD_OUT: tuple[Callable[[], Business], ...] = (
    freshsales,
    stripe,
    matomo_and_german_leads,
    quickbooks,
    brazilian_by_email,
    salesforce_two_objects,
)
