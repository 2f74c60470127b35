"""Words that names of files and values are made of, in eight languages, and what they mean.

Names are compared as words without accents: "Kunden-Nr." is "kunden", "nr", "gagné" is "gagne".
"""

import re
import unicodedata

# Table -> words of a file's name.
TABLE_WORDS = {
    "events": ("event", "events", "clicks", "pageviews", "visits", "track", "web", "ereignisse",
               "besuche", "visites", "eventos", "visitas", "eventi", "visite"),
    "activities": ("activity", "activities", "calls", "meetings", "emails", "interactions",
                   "anrufe", "telefonate", "termine", "appels", "llamadas", "chiamate"),
    "purchases": ("purchase", "purchases", "orders", "invoices", "sales", "transactions", "retail",
                  "rechnungen", "bestellungen", "umsatz", "factures", "commandes", "ventes",
                  "facturas", "pedidos", "ventas", "fatture", "ordini", "vendite", "vendas"),
    "people": ("people", "persons", "contacts", "customers", "users", "kontakte", "kunden",
               "personen", "clients", "clientes", "contactos", "contatti", "clienti", "klanten"),
    "accounts": ("accounts", "companies", "organisations", "organizations", "firmen",
                 "unternehmen", "entreprises", "empresas", "aziende", "bedrijven"),
    "products": ("products", "catalogue", "catalog", "items", "produkte", "artikel", "produits",
                 "productos", "produtos", "prodotti"),
    "campaigns": ("campaigns", "kampagnen", "campagnes", "campagne", "campanhas"),
    "spend": ("spend", "costs", "kosten", "ausgaben"),
    "reps": ("reps", "agents", "salespeople", "vertreter", "betreuer"),
    "feedback": ("feedback", "ratings", "bewertungen"),
    "treatments": ("treatments", "experiment"),
    "identities": ("identities", "aliases"),
}  # fmt: skip
# Letters that no decomposition takes apart.
_LETTERS = str.maketrans(
    {"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "đ": "d"}
)


def bag(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


# What a sales person does, as a whole value: "E-Mail", but not "email_opened".
CONTACT_WORDS = bag(
    "call phone e mail email meeting anruf telefonat telefon termin besuch appel reunion rdv "
    "llamada correo courriel chiamata incontro riunione ligacao chamada reuniao gesprek afspraak "
    "bezoek telefoon rozmowa spotkanie sms"
)


def unaccented(name: str) -> str:
    """A name without accents: "Verkäufer" -> "Verkaufer"."""
    apart = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def words(name: str) -> tuple[str, ...]:
    """A name as lower-case words without accents: "LeadNumber_ID 2" -> lead, number, id."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", unaccented(name))
    return tuple(re.findall(r"[^\W\d_]+", spaced.lower()))
