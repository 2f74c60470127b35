"""What the status or kind of an order says of its money: it came, never came, or was given back.

A text comes in; one of three meanings goes out, or None where its words are not known. Words are of
the shops and payment services that people use, in eight languages.
"""

import re
import unicodedata
from typing import Literal

Meaning = Literal["paid", "void", "returned"]

_VOID = """
    cancelled canceled cancel cancelation failed failure pending void voided expired declined denied
    rejected abandoned draft deleted trash trashed unpaid refused blocked uncaptured incomplete
    requires action cart
    storniert storno abgebrochen fehlgeschlagen ausstehend unbezahlt abgelehnt geloescht entwurf
    annule annulee annulees echoue echouee attente impaye impayee refuse refusee abandonne brouillon
    cancelado cancelada anulado anulada fallido fallida pendiente impagado rechazado borrador
    annullato annullata fallito fallita attesa respinto bozza scaduto
    pendente falhou recusado rascunho anulada expirado
    geannuleerd mislukt wachten geweigerd concept
    anulowane anulowano anulowana nieudane nieudana oczekujace oczekujaca odrzucone wersja
"""
_GIVEN_BACK = """
    refund refunded refunds return returned returns reversal reversed chargeback chargedback
    credited credit note creditnote
    erstattet erstattung rueckerstattet rueckerstattung zurueckerstattet gutschrift retoure
    ruecksendung rueckgabe
    rembourse remboursee remboursement retour avoir
    reembolsado reembolsada reembolso devuelto devuelta devolucion
    rimborsato rimborsata rimborso reso restituito
    devolvido devolucao estornado estorno
    terugbetaald terugbetaling retourzending creditnota
    zwrot zwrocone zwrocono korekta
"""
_PAID = """
    paid complete completed fulfilled shipped delivered succeeded success successful sale sold
    sales charge payment purchase purchased order invoice processed processing captured settled
    closed done confirmed approved dispatched active
    bezahlt abgeschlossen versendet versandt geliefert verkauf rechnung zahlung erledigt fertig
    paye payee termine terminee expedie expediee livre livree vente facture commande
    pagado pagada completado completada enviado entregado venta factura pedido
    pagato pagata completato completata spedito consegnato vendita fattura ordine
    pago paga concluido concluida entregue venda fatura
    betaald voltooid verzonden geleverd verkoop factuur
    oplacone oplacono zrealizowane zrealizowano zakonczone wyslane dostarczone sprzedaz faktura
"""
_PARTLY = "partially partial partly part teilweise partiellement parcial parzialmente gedeeltelijk"
_NEGATION = "not no un nicht non pas niet nie nao"

_MEANINGS: tuple[tuple[Meaning, frozenset[str]], ...] = (
    ("returned", frozenset(_GIVEN_BACK.split())),
    ("void", frozenset(_VOID.split())),
    ("paid", frozenset(_PAID.split())),
)


def meaning(text: str) -> Meaning | None:
    """What a status or kind says; "partially refunded" and "not paid" are not taken for sure."""
    said = words_of(text)
    if said & set(_PARTLY.split()):
        return "paid"  # what was given back stands elsewhere, or nowhere
    found = [name for name, known in _MEANINGS if said & known]
    if said & set(_NEGATION.split()):
        return "void" if found == ["paid"] else None
    return found[0] if found else None


def words_of(text: str) -> set[str]:
    """The words of a status, small and without accents: "PartiallyRefunded" has two."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).replace("ß", "ss")
    plain = unicodedata.normalize("NFKD", spaced.translate(_UMLAUTS).replace("ł", "l"))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return set(re.findall(r"[a-z]+", letters.lower()))


_UMLAUTS = str.maketrans({"ü": "ue", "ö": "oe", "ä": "ae", "Ü": "Ue", "Ö": "Oe", "Ä": "Ae"})
