"""Headers of systems beside values of their kind: which table it is and which column is what."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from redumbrella.sources.guessing.guess import guess_files

ROWS = 160

# What a cell of such a kind looks like in row n.
CELLS: dict[str, Callable[[int], object]] = {
    "id": lambda n: f"X{n:05}",
    "whole": lambda n: 9_000_000 + n,
    "person": lambda n: f"c{n % 60:03}",
    "mail": lambda n: f"p{n % 60}@example.org",
    "money": lambda n: f"{n * 10}.50",
    "count": lambda n: n % 9 + 1,
    "few": lambda n: "ab"[n % 2],
    "one": lambda n: "spring",
    "arm": lambda n: ("control", "treatment")[n % 2],
    "sku": lambda n: f"A-{n % 12}",
    "code": lambda n: "NZD",
    "time": lambda n: f"{datetime(2023, 1, 2) + timedelta(hours=7 * n):%Y-%m-%d %H:%M:%S}",
    "day": lambda n: f"{datetime(2023, 1, 2) + timedelta(days=n):%d.%m.%Y}",
    "stage": lambda n: ("Closed Won", "Closed Lost", "Proposal")[n % 3],
    "phase": lambda n: ("Gewonnen", "Verloren", "Angebot")[n % 3],
    "statut": lambda n: ("Signé", "Perdu", "En cours")[n % 3],
    "paid": lambda n: ("paid", "refunded", "paid")[n % 3],
    "event": lambda n: ("Page View", "Sign Up", "Login")[n % 3],
    "lead": lambda n: f"00Q{n // 3:04}",
    "name": lambda n: f"Name {n}",
    "empty": lambda n: "",
}

HEADERS = [
    (
        "HubSpot's interface",
        "hs_object_id:whole>lead_id dealname:name dealstage:stage>won amount:money>amount "
        "createdate:time>created_at closedate:time>closed_at hs_lastmodifieddate:time>updated_at "
        "hubspot_owner_id:few hs_analytics_source:few>source hs_forecast_amount:money",
        "leads",
    ),
    (
        "a German report of Salesforce",
        "Opportunity-ID:id>lead_id Opportunity-Name:name Phase:phase>won Betrag:money>amount "
        "Erstelldatum:day>created_at Schlusstermin:day>closed_at Opportunity-Inhaber:few>rep_id "
        "Lead-Quelle:few>source Erwarteter_Umsatz:money",
        "leads",
    ),
    (
        "Odoo",
        "ID:whole>lead_id Opportunity:name Email:mail Salesperson:few>rep_id "
        "Expected_Revenue:money>amount Prorated_Revenue:money Stage:stage>won "
        "Created_on:time>created_at Closed_Date:time>closed_at Last_Updated_on:time>updated_at",
        "leads",
    ),
    (
        "a French list",
        "N°_prospect:id>lead_id Date_de_création:time>created_at Statut:statut>won "
        "Commercial:few>rep_id Montant_du_devis:money>amount Téléphone:id",
        "leads",
    ),
    (
        "the history of Salesforce's leads",
        "Id:id LeadId:lead>lead_id CreatedDate:time>updated_at Field:one NewValue:stage>won",
        "leads",
    ),
    (
        "Shopify",
        "Name:whole>purchase_id Email:mail>person_id Financial_Status:paid Created_at:time>at "
        "Total:money>amount Subtotal:money Cancelled_at:empty>cancelled_at",
        "purchases",
    ),
    (
        "Xero",
        "ContactName:person EmailAddress:mail>person_id InvoiceNumber:id>purchase_id "
        "InvoiceDate:day>at DueDate:day Total:money>amount TaxTotal:money Currency:code",
        "purchases",
    ),
    (
        "a bank",
        "txn_id:id>purchase_id customer_id:person>person_id txn_date:time>at "
        "txn_amount:money>amount",
        "purchases",
    ),
    (
        "lines of invoices",
        "Invoice:lead>purchase_id StockCode:sku>product_id Quantity:count>quantity "
        "InvoiceDate:time>at Price:money>amount Customer_ID:person>person_id",
        "purchases",
    ),
    (
        "Amplitude",
        "user_id:person>person_id device_id:person>anonymous_id event_type:event>kind "
        "event_time:time>at insert_id:id>event_id",
        "events",
    ),
    (
        "an experiment",
        "customer_id:person>person_id assigned_at:time>at campaign:one>campaign_id group:arm>arm",
        "treatments",
    ),
    (
        "Meta in French",
        "Nom_de_la_campagne:sku>campaign_id Jour:day>date Montant_dépensé_(EUR):money>cost "
        "Impressions:count>impressions Clics:count>clicks",
        "spend",
    ),
    (
        "products",
        "Handle:id Title:name>name Type:few>product_type Variant_SKU:whole>product_id "
        "Variant_Price:money>price",
        "products",
    ),
]


@pytest.mark.parametrize(
    ("columns", "table"), [one[1:] for one in HEADERS], ids=[one[0] for one in HEADERS]
)
def test_a_header_is_understood(tmp_path: Path, columns: str, table: str) -> None:
    parsed = []
    wanted = {}
    for part in columns.split():
        name, _, rest = part.partition(":")
        kind, _, target = rest.partition(">")
        parsed.append((name.replace("_", " ") if name[0].isupper() else name, kind))
        if target:
            wanted[target] = parsed[-1][0]
    rows = [",".join(str(CELLS[kind](n)) for _, kind in parsed) for n in range(ROWS)]
    content = "\n".join([",".join(name for name, _ in parsed), *rows]) + "\n"
    # The name of the file points astray.
    (tmp_path / "contacts_calls_orders.csv").write_text(content, encoding="utf-8")
    (guess,) = guess_files(["contacts_calls_orders.csv"], tmp_path)
    assert guess.table == table
    found = {choice.name: choice.origin.column for choice in guess.choices if choice.origin}
    assert {name: found.get(name) for name in wanted} == wanted
