"""Words that names of files and columns are made of, in six languages, and what they mean.

A guess rests on values; these words only choose among columns whose values fit. Names are split at
anything but the letters a to z, so "gagné" is read as "gagn" and "Kunden-Nr." as "kunden", "nr".
"""

import re

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
ID_WORDS = ("lead", "id", "number", "no", "nr", "key", "code", "uuid", "guid", "ref", "name")
LEAK_WORDS = {"duration", "closed", "close", "closing", "status", "stage", "reason", "lost", "won",
              "result", "outcome", "converted", "conversion", "invoice", "contract", "last",
              "spend", "revenue"}  # fmt: skip
# What a sales person does, as a whole value: "E-Mail", but not "email_opened".
CONTACT_WORDS = {"call", "phone", "e", "mail", "email", "meeting", "anruf", "telefonat", "termin",
                 "appel", "llamada", "reunion", "chiamata", "incontro", "ligacao"}  # fmt: skip
# Canonical column -> names that mean it, as words.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "person_id": ("person", "customer", "contact", "client", "user", "visitor", "member", "kunde",
                  "kunden", "kontakt", "klant", "cliente", "utilisateur", "usuario", "utente"),
    "lead_id": ("lead", "case", "anfrage"),
    "account_id": ("account", "company", "organisation", "organization", "firma", "entreprise",
                   "empresa", "azienda"),
    "product_id": ("product", "stockcode", "sku", "item", "produkt", "artikel", "produit",
                   "producto", "produto", "prodotto"),
    "campaign_id": ("campaign", "kampagne", "campagne"),
    "rep_id": ("rep", "owner", "agent", "salesperson", "seller", "betreuer", "vertreter",
               "verkaufer", "vendeur", "vendedor", "venditore"),
    "anonymous_id": ("anonymous", "cookie", "visitor"),
    "source": ("source", "channel", "origin", "quelle", "herkunft", "kanal", "canal", "origen",
               "fonte"),
    "kind": ("kind", "event", "activity", "action", "type", "art", "typ", "tipo", "ereignis"),
    "at": ("at", "timestamp", "time", "date", "datetime", "invoicedate", "when", "zeitpunkt",
           "zeit", "datum", "fecha", "data", "heure"),
    "created_at": ("created", "create", "registered", "reg", "received", "opened", "eingang",
                   "erstellt", "angelegt", "creado", "criado", "creato", "start", "date", "datum",
                   "fecha", "data"),
    "closed_at": ("closed", "close", "converted", "ended", "end", "abschluss", "geschlossen",
                  "beendet", "cierre", "chiusura", "fechamento"),
    "known_at": ("known", "updated", "modified"),
    "date": ("date", "day", "datum", "tag", "fecha", "data"),
    "amount": ("amount", "total", "revenue", "value", "price", "dollars", "sum", "betrag", "summe",
               "preis", "montant", "prix", "importe", "importo", "valor", "bedrag"),
    "cost": ("cost", "spend", "kosten"),
    "outcome": ("outcome", "result", "ergebnis", "resultat", "resultado", "risultato"),
    "rating": ("rating", "score", "fit", "bewertung"),
    "quantity": ("quantity", "qty", "menge", "anzahl", "cantidad"),
    "duration_s": ("duration", "seconds", "secs", "dauer"),
    "page_category": ("page", "category", "seite"),
    "arm": ("arm", "segment", "group", "variant"),
    "name": ("name", "title"),
}  # fmt: skip
# From this synonym of created_at on, any other time may be called so: the start of a policy.
FIRST_VAGUE = "start"
# A time with such a word is not when a lead came in.
END_WORDS = {*SYNONYMS["closed_at"], "last", "updated", "modified", "birth", "due"}
# Such a name means it only on its own: the origin of a lead, but not "hispanic origin".
ALONE = {"origin"}
# What such a word adds to a name says nothing about what the column is.
FILLING = {"id", "lead", "name", "code", "nr", "no", "number", "nummer", "num"}


def words(name: str) -> tuple[str, ...]:
    """A name as lower-case words: "LeadNumber_ID" -> lead, number, id."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return tuple(re.findall(r"[a-z]+", spaced.lower()))
