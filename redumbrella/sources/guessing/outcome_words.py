"""Words that say how a lead ended, in eight languages, and the names of columns that say it.

Words stand here without accents and in lower case, as `meanings.spoken` makes them. Languages:
English, German, French, Spanish, Italian, Portuguese, Dutch, Polish.
"""

# What a value says when it is one of these words, best first: "Accepted" is won only in a list
# that has no better word, "Qualified" only beside "Unqualified".
WON = frozenset(
    (
        *("won", "win", "converted", "sold", "customer", "evangelist", "paid", "onboarded"),
        *("gewonnen", "konvertiert", "verkauft", "kunde", "kundin", "bezahlt"),
        *("gewonnene", "gewonnener", "gewonnenes"),
        *("gagne", "gagnee", "gagnes", "gagnees", "remporte", "remportee", "converti"),
        *("convertie", "vendu", "vendue", "client", "cliente"),
        *("ganado", "ganada", "ganados", "ganadas", "convertido", "convertida", "vendido"),
        *("vendida", "vinto", "vinta", "vinti", "vinte", "convertito", "convertita"),
        *("venduto", "venduta", "ganho", "ganha", "ganhou", "conquistado", "conquistada"),
        *("verkocht", "geconverteerd", "binnengehaald", "klant"),
        *("wygrana", "wygrany", "wygrane", "wygrano", "sprzedane", "sprzedana", "sprzedany"),
        *("sprzedano", "skonwertowany", "skonwertowana", "klient", "klienta", "kunden"),
        # Swedish, Danish, Norwegian, Finnish, Czech, Hungarian, Romanian, Turkish, Russian.
        *("vunnen", "vunnet", "vundet", "voitettu", "vyhrano", "vyhrana", "megnyert", "castigat"),
        *("castigata", "kazanildi", "выиграна", "выиграно", "выиграли"),
    )
)
BOUGHT = frozenset(
    (
        *("signed", "enrolled", "enroled", "purchased", "purchase", "bought", "subscribed"),
        *("ordered", "order", "sale", "hired", "success", "successful", "contracted", "funded"),
        *(
            "renewed",
            "verlangert",
            "angemeldet",
            "renouvele",
            "renouvelee",
            "souscrit",
            "souscrite",
        ),
        *("renovado", "renovada", "concedido", "concedida", "rinnovato", "erogato", "acquisita"),
        *("acquisito", "verlengd"),
        *("installed", "joined", "disbursed", "policiert", "ausgezahlt"),
        *("auftrag", "beauftragt", "bestellt", "bestellung", "gekauft", "kauf", "unterschrieben"),
        *("unterzeichnet", "erfolg", "erfolgreich", "eingeschrieben", "eingestellt"),
        *("signe", "signee", "commande", "commandee", "achete", "achetee", "vente", "inscrit"),
        *("inscrite", "reussi", "reussie", "embauche", "succes"),
        *("firmado", "firmada", "comprado", "comprada", "compra", "venta", "pedido", "exito"),
        *("inscrito", "inscrita", "matriculado", "matriculada", "contratado", "contratada"),
        *("firmato", "firmata", "acquistato", "acquistata", "ordine", "ordinato", "vendita"),
        *("iscritto", "iscritta", "successo", "assunto", "assunta"),
        *("assinado", "assinada", "encomenda", "venda", "sucesso", "adquirido"),
        *("getekend", "ondertekend", "gekocht", "besteld", "opdracht", "verkoop", "ingeschreven"),
        *("aangenomen", "podpisana", "podpisany", "podpisane", "kupione", "kupiony", "kupiona"),
        *("kupil", "kupila", "zakupiono", "zamowienie", "zamowiono", "sukces", "zapisany"),
        *("zrealizowane", "zrealizowana", "zrealizowany", "zrealizowano", "sfinalizowane"),
        *("sfinalizowana", "sfinalizowany", "realisiert", "realisee", "realise", "realizzato"),
        *("realizzata", "gerealiseerd", "realized", "realised"),
    )
)
AGREED = frozenset(
    (
        *("accepted", "approved", "booked", "good", "angenommen", "akzeptiert", "genehmigt"),
        *(
            "confirmed",
            "bestatigt",
            "confirme",
            "confirmee",
            "confirmado",
            "confirmada",
            "confermato",
        ),
        *("confermata", "bevestigd", "potwierdzona", "potwierdzony"),
        *("gebucht", "zugesagt", "zusage", "gut", "accepte", "acceptee", "approuve", "approuvee"),
        *("reserve", "valide", "validee", "aceptado", "aceptada", "aprobado", "aprobada"),
        *("reservado", "reservada", "accettato", "accettata", "approvato", "approvata"),
        *("prenotato", "prenotata", "aceito", "aceite", "aceita", "aprovado", "aprovada"),
        *(
            "geaccepteerd",
            "aanvaard",
            "akkoord",
            "goedgekeurd",
            "geboekt",
            "zaakceptowana",
            "zaakceptowany",
        ),
        *("zaakceptowane", "przyjeta", "przyjety", "przyjete", "zatwierdzona", "zatwierdzony"),
    )
)
QUALIFIED = frozenset(
    (
        *("qualified", "prequalified", "qualifiziert", "qualifie", "qualifiee", "cualificado"),
        *("vorqualifiziert", "prequalifie", "precalificado", "precualificado", "prequalificato"),
        *("cualificada", "calificado", "calificada", "qualificato", "qualificata", "qualificado"),
        *("qualificada", "gekwalificeerd", "zakwalifikowany", "zakwalifikowana"),
    )
)
WON_TIERS = (WON, BOUGHT, AGREED, QUALIFIED)

# The plain word for lost.
LOST = frozenset(
    (
        *("lost", "loss", "closedlost", "verloren", "perdu", "perdue", "perdus", "perdues"),
        *("verlorene", "verlorener", "verlorenes"),
        *("perdido", "perdida", "perdidos", "perdidas", "perso", "persa", "persi", "perse"),
        *("przegrana", "przegrany", "przegrane", "przegrano", "stracona", "stracony", "stracone"),
        *("utracona", "utracony", "utracone", "forlorad", "forlorat", "tabt", "tapt", "havitty"),
        *("prohrano", "prohrana", "ztraceno", "ztracena", "elveszett", "elvesztett", "pierdut"),
        *("pierduta", "kaybedildi", "проиграна", "проиграно"),
    )
)
# What else ends a lead without a sale.
ENDED = frozenset(
    (
        *("dead", "junk", "rejected", "declined", "cancelled", "canceled", "refused", "denied"),
        *("abandoned", "withdrawn", "failed", "failure", "unsuccessful", "aborted", "dropped"),
        *("unconverted", "unsold", "spam", "bad", "churned", "fake", "invalid"),
        *("abgelehnt", "ablehnung", "abgesagt", "absage", "storniert", "abgebrochen", "abgewiesen"),
        *(
            "storno",
            "abgemeldet",
            "refus",
            "denegado",
            "denegada",
            "negado",
            "desistido",
            "desistida",
        ),
        *("renuncia", "rinuncia", "rinunciato"),
        *("gescheitert", "erfolglos", "verworfen", "zuruckgezogen", "zurueckgezogen", "tot"),
        *("schlecht", "ungultiger", "ungultig", "ungueltig", "abgesprungen", "fehlgeschlagen"),
        *("refuse", "refusee", "rejete", "rejetee", "annule", "annulee", "abandonne"),
        *("abandonnee", "decline", "declinee", "echoue", "echouee", "echec", "desiste", "mort"),
        *("rechazado", "rechazada", "cancelado", "cancelada", "descartado", "descartada"),
        *("abandonado", "abandonada", "desestimado", "desestimada", "anulado", "anulada"),
        *("fallido", "fallida", "fracasado", "fracaso", "muerto"),
        *("rifiutato", "rifiutata", "annullato", "annullata", "scartato", "scartata"),
        *("abbandonato", "abbandonata", "respinto", "respinta", "fallito", "fallita", "disdetto"),
        *("recusado", "recusada", "rejeitado", "rejeitada", "desistiu", "desistencia", "falhado"),
        *("afgewezen", "geannuleerd", "afgekeurd", "mislukt", "afgehaakt", "vervallen"),
        *("geweigerd", "odrzucona", "odrzucony", "odrzucone", "anulowana", "anulowany"),
        *("anulowane", "rezygnacja", "zrezygnowal", "zrezygnowala", "porzucona", "porzucony"),
        *("nieudana", "nieudany", "odmowa", "niezainteresowany", "niezainteresowana", "martwy"),
    )
)
UNQUALIFIED = frozenset(
    (
        *("unqualified", "disqualified", "disqualifiziert", "unqualifiziert", "disqualifie"),
        *("disqualifiee", "descalificado", "descalificada", "squalificato", "squalificata"),
        *("desqualificado", "desqualificada", "gediskwalificeerd", "ongekwalificeerd"),
        *("zdyskwalifikowany", "zdyskwalifikowana", "niezakwalifikowany"),
    )
)
# Lost only together with a negation: "not interested", "kein Interesse".
INTEREST = frozenset(
    (
        *("interested", "interest", "interesse", "interessiert", "interessee", "interet"),
        *("interesado", "interesada", "interes", "interessato", "interessata", "interessado"),
        *("interessada", "geinteresseerd", "zainteresowany", "zainteresowana", "zainteresowania"),
        *("enroll", "enrol", "join", "buy", "sign", "convert", "need", "needs", "budget"),
        *("bedarf", "besoin", "necesidad", "presupuesto", "bisogno"),
        *("necessidade", "behoefte", "potrzeby", "fit", "geeignet", "retenu", "retenue", "suite"),
    )
)
NEGATIONS = frozenset(
    (
        *("not", "no", "non", "never", "without", "didnt", "isnt", "wasnt", "hasnt", "nicht"),
        *("kein", "keine", "keinen", "keiner", "ohne", "nie", "niemals", "pas", "sans", "jamais"),
        *("sin", "nunca", "senza", "mai", "nao", "sem", "niet", "geen", "zonder", "nooit", "bez"),
        *("brak",),
    )
)
# Not paid is not lost.
DUE = frozenset(("paid", "bezahlt", "onboarded"))
# Not yet is still open.
YET = frozenset(
    ("yet", "noch", "encore", "todavia", "aun", "ancora", "ainda", "nog", "jeszcze", "still")
)
# Over, but it does not say how.
CLOSED = frozenset(
    (
        *("closed", "geschlossen", "abgeschlossen", "beendet", "erledigt", "ferme", "fermee"),
        *("cierre",),
        *("cloture", "cloturee", "clos", "termine", "terminee", "cerrado", "cerrada"),
        *("chiuso", "chiusa", "concluso", "conclusa", "fechado", "fechada", "encerrado"),
        *("encerrada", "concluido", "concluida", "gesloten", "afgesloten", "zamknieta"),
        *("zamkniety", "zamkniete", "zakonczona", "zakonczony", "complete", "completed", "done"),
    )
)
OPEN = frozenset(
    (
        *("open", "new", "working", "contacted", "pending", "progress", "process", "nurturing"),
        *("assigned", "negotiation", "prospecting", "proposal", "waiting", "active", "recycled"),
        *("offen", "offene", "neu", "bearbeitung", "aktiv", "kontaktiert", "wartend"),
        *("ouvert", "ouverte", "nouveau", "nouvelle", "cours", "contacte", "attente"),
        *("abierto", "abierta", "nuevo", "nueva", "proceso", "contactado", "pendiente", "curso"),
        *("aperto", "aperta", "nuovo", "nuova", "corso", "lavorazione", "contattato", "attesa"),
        *("aberto", "aberta", "novo", "nova", "andamento", "pendente", "contatado"),
        *("nieuw", "lopend", "behandeling", "actief", "otwarta", "otwarty", "otwarte", "nowy"),
        *("nowa", "toku", "oczekujacy"),
    )
)
# Such a word beside others changes nothing.
FILLERS = frozenset(
    (
        *("lead", "leads", "deal", "deals", "opportunity", "opp", "stage", "status", "prospect"),
        *("is", "was", "has", "been", "the", "a", "an", "as", "placed", "received", "made"),
        *("and", "und", "et", "y", "en", "i", "oraz", "q"),
        *("der", "die", "das", "ist", "wurde", "hat", "als", "erhalten", "erteilt", "eingegangen"),
        *("geschaft", "geschaeft", "anfrage", "abschluss", "le", "la", "les", "l", "d", "est"),
        *("ete", "opportunite", "affaire", "piste", "demande", "passee", "recue", "classe"),
        *("classee", "el", "es", "fue", "ha", "sido", "oportunidad", "negocio", "trato"),
        *("solicitud", "recibido", "recibida", "il", "lo", "e", "stato", "stata", "opportunita"),
        *("trattativa", "affare", "ricevuto", "o", "foi", "oportunidade", "recebido"),
        *(
            "recebida",
            "realizada",
            "realizado",
            "heeft",
            "tem",
            "tiene",
            "ma",
            "de",
            "het",
            "kans",
            "ontvangen",
            "szansa",
            "transakcja",
            "okazja",
            "szansy",
        ),
        *("we", "they", "wir", "leider", "did", "does", "longer", "more", "mehr", "plus", "mas"),
        *("piu", "mais", "meer", "anymore", "zlozone", "zlozono"),
    )
)
# Things that are accepted or refused; alone they say nothing.
THINGS = frozenset(
    (
        *("offer", "quote", "contract", "quotation", "bid", "tender", "application", "angebot"),
        *("vertrag", "offerte", "devis", "contrat", "offre", "oferta", "contrato"),
        *("propuesta", "offerta", "contratto", "preventivo", "proposta", "orcamento", "voorstel"),
        *("umowa", "umowe", "oferte", "antrag", "bewerbung", "financing", "loan", "policy"),
        *(
            "lease",
            "mietvertrag",
            "bail",
            "finanzierung",
            "kredit",
            "kaufvertrag",
            "gebot",
            "bod",
            "compromis",
            "dossier",
        ),
    )
)
# These nouns say won alone, and follow the other word else: "Auftrag verloren", "lost customer".
NOUNS = frozenset(
    (
        *(
            "customer",
            "kunde",
            "kundin",
            "client",
            "cliente",
            "klant",
            "klient",
            "klienta",
            "kunden",
            "order",
            "sale",
        ),
        *("auftrag", "bestellung", "kauf", "commande", "vente", "compra", "venta", "pedido"),
        *("ordine", "vendita", "encomenda", "venda", "opdracht", "verkoop", "zamowienie"),
        *("purchase", "win"),
    )
)
# A lost lead may be followed by why, without a mark between: "lost to competitor".
BECAUSE = frozenset(
    (
        *("to", "due", "because", "by", "on", "from", "in", "after", "before", "at", "with"),
        *("an", "wegen", "durch", "vom", "von", "aufgrund", "contre", "pour", "par", "a"),
        *("por", "contra", "per", "contro", "para", "aan", "door", "wegens", "przez", "na", "z"),
    )
)
# Somebody else won.
OTHERS = frozenset(
    (
        *("competitor", "competition", "competitors", "wettbewerb", "wettbewerber", "konkurrenz"),
        *("concurrent", "concurrence", "competidor", "competencia", "concorrente", "concorrenza"),
        *("concorrencia", "concurrent", "concurrentie", "konkurencja", "konkurencji", "contact"),
        *("kontakt", "contacto", "contatto", "contato"),
    )
)
# Whole values, without blanks.
WHOLE_LOST = frozenset(
    (
        "qualifiedout",
        "закрытоинереализовано",
        "droppedout",
        "sanssuite",
        "classesanssuite",
        "nodeal",
        "nosale",
        "brakzainteresowania",
        *("donotcontact", "dontcontact", "donotcall", "dontcall", "dnc", "nolongercontact"),
        *("nichtkontaktieren", "nichtmehrkontaktieren", "bittenichtkontaktieren", "nichtanrufen"),
        *("kontaktunerwunscht", "keinkontakt", "keinkontaktgewunscht", "kontaktsperre"),
        *("nepascontacter", "nepluscontacter", "nepasappeler", "nepasrappeler"),
        *("nocontactar", "nocontactarmas", "novolveracontactar", "nollamar", "nollamarmas"),
        *("noncontattare", "noncontattarepiu", "nonchiamare", "nonrichiamare"),
        *("naocontactar", "naocontatar", "naocontactarmais", "naoligar", "naoentraremcontato"),
        *("nietcontacteren", "nietmeercontacteren", "nietbenaderen", "nietbellen"),
        *("nietmeerbellen", "niekontaktowac", "niekontaktowacsie", "niedzwonic"),
    )
)
WHOLE_WON = frozenset(
    ("convertedtopaid", "convertedtocustomer", "convertedtoopportunity", "успешнореализовано")
)
# What may end a lead, or not: whoever knows the company has to say it.
MAY_END = frozenset(
    (
        *("expired", "duplicate", "inactive", "archived", "unreachable", "ghosted", "stalled"),
        *("terminated", "former", "invalid", "unresponsive", "abgelaufen", "duplikat", "inaktiv"),
        *(
            "deleted",
            "removed",
            "wrong",
            "outsold",
            "ausverkauft",
            "geloscht",
            "geloescht",
            "falsche",
        ),
        *("supprime", "eliminado", "eliminada", "eliminato", "excluido", "verwijderd", "usuniety"),
        *("archiviert", "unerreichbar", "expire", "doublon", "inactif", "archive", "injoignable"),
        *("vencido", "caducado", "duplicado", "inactivo", "archivado", "scaduto", "duplicato"),
        *("inattivo", "expirado", "inativo", "arquivado", "verlopen", "duplicaat", "inactief"),
        *("wygasla", "wygasl", "duplikat", "nieaktywny"),
    )
)
# Words of a marketing list, in which "Other" stands for whoever is no buyer.
MARKETING = frozenset(
    ("subscriber", "lead", "mql", "sql", "marketingqualifiedlead", "salesqualifiedlead",
     "opportunity", "evangelist", "salesacceptedlead", "sal")
)  # fmt: skip
OTHER = frozenset(("other", "others"))

YES = frozenset(
    ("yes", "y", "true", "t", "ja", "j", "wahr", "oui", "o", "vrai", "v", "si", "s", "verdadero",
     "vero", "sim", "verdadeiro", "waar", "tak", "prawda", "x")
)  # fmt: skip
NO = frozenset(
    ("no", "n", "false", "f", "nein", "falsch", "non", "faux", "falso", "nao", "nee", "onwaar",
     "nie", "falsz")
)  # fmt: skip

# Names of columns, likeliest first.
OUTCOME_WORDS = (
    *("won", "converted", "conversion", "outcome", "y", "target", "label", "subscribed"),
    *("success", "result", "response", "purchased", "bought", "sold", "signed", "deal"),
    *("accepted", "status", "stage", "state", "closed", "gewonnen", "verkauft", "gekauft"),
    *("auftrag", "abschluss", "ergebnis", "resultat", "gagne", "vendu", "signe", "achete"),
    *("conclu", "ganado", "ganada", "vendido", "comprado", "resultado", "vinto", "vinta"),
    *("venduto", "acquistato", "risultato", "ganho", "ganha", "assinado", "verkocht"),
    *("gekocht", "resultaat", "sprzedane", "sprzedano", "wygrana", "wynik", "kupil", "firmado"),
    *("firmato", "convertido", "convertito", "converti", "konvertiert", "kunde", "customer"),
    *("statut", "estado", "stato", "situacao", "phase", "etape", "etapa", "fase", "stufe"),
    *("stadium", "etap", "lifecycle", "lifecyclestage", "dealstage", "leadstatus", "stagename"),
)
STAGE_NAMES = frozenset(
    (
        *("status", "stage", "state", "statut", "estado", "stato", "situacao", "phase", "etape"),
        *("etapa", "fase", "stufe", "stadium", "etap", "dealstage", "leadstatus", "stagename"),
        *("lifecycle", "lifecyclestage", "pipelinestage"),
    )
)
# The outcome of an earlier time is none of this lead.
PAST_WORDS = {
    *("previous", "prev", "last", "past", "prior", "earlier", "former", "first", "old", "poutcome"),
    *("vorherige", "vorheriger", "vorheriges", "fruherer", "letzter", "letzte", "letztes"),
    *("precedent", "precedente", "dernier", "derniere", "anterior", "ultimo", "ultima"),
    *("vorige", "laatste", "poprzedni", "ostatni"),
}
HAS = frozenset(("has", "had", "hat", "have", "tiene", "tem", "heeft", "ma"))
# Columns with such a word in their name say something else than how the lead ended.
NO_STAGE = frozenset(
    (
        *("email", "emails", "mail", "sms", "phone", "call", "calls", "gender", "sex", "type"),
        *("kind", "typ", "art", "tipo", "category", "reason", "grund", "raison", "motif"),
        *("motivo", "razon", "reden", "powod", "source", "quelle", "country", "language"),
        *("forecast", "payment", "zahlung", "paiement", "pago", "pagamento", "betaling"),
        *("invoice", "delivery", "shipping", "task", "ticket", "account", "campaign", "marital"),
        *("employment", "quality", "rating", "score", "priority", "subscription", "support"),
        *("geschlecht", "sexe", "sexo", "sesso", "geslacht", "plec", "credit", "sync", "visa"),
    )
)
# The same for columns of yes and no.
NO_ANSWER = NO_STAGE | frozenset(
    (
        *("newsletter", "opt", "optin", "optout", "consent", "gdpr", "dsgvo", "rgpd", "vip"),
        *("bounced", "unsubscribed", "duplicate", "deleted", "archived", "active", "test"),
        *("marketing", "do", "verified", "valid", "blocked", "existing", "returning", "member"),
        *("public", "read", "private", "terms", "cookie", "cookies", "datenschutz"),
        *("einwilligung", "werbung", "abonniert", "aktiv", "consentement", "consentimiento"),
        *("consenso", "privacy", "zgoda", "toestemming", "trial", "demo", "housing", "loan"),
        *("default", "partner", "attended", "visited", "downloaded", "opened", "clicked"),
        *("new", "neu", "nouveau", "nuevo", "nuovo", "novo", "nieuw", "neukunde", "repeat"),
        *(
            "premium",
            "business",
            "corporate",
            "nda",
            "budget",
            "owner",
            "region",
            "loss",
            "contacted",
            "unread",
            "starred",
        ),
        *("favourite", "favorite", "open", "pipeline", "bestandskunde", "local", "remote"),
    )
)
