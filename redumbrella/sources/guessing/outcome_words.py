"""Words by which an outcome is known."""

OUTCOME_WORDS = (
    *("won", "converted", "conversion", "outcome", "y", "target", "label", "subscribed"),
    *("success", "result", "response", "purchased", "bought", "deal", "accepted", "status"),
    *("stage", "state", "closed", "ergebnis", "resultat", "resultado", "risultato", "resultaat"),
)
WON_WORDS = {"won", "converted", "success", "successful", "good", "accepted", "approved", "sold",
             "purchased", "subscribed", "bought", "signed", "qualified", "gewonnen", "gagn", "gagne",
             "ganado", "ganada", "ganho", "ganha", "vinto", "vinta"}  # fmt: skip
LOST_WORDS = {"lost", "junk", "bad", "rejected", "declined", "cancelled", "canceled", "failed",
              "disqualified", "unqualified", "refused", "dead", "verloren", "perdu", "perdue",
              "perdido", "perdida", "perso", "persa"}  # fmt: skip
# The outcome of an earlier time is none of this lead.
PAST_WORDS = {"previous", "prev", "last", "past", "prior", "earlier", "former"}
