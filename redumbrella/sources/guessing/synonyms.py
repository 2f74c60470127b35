"""Names that systems and people give to columns, in eight languages, as words without accents.

The way HubSpot, Salesforce, Pipedrive, Zoho, Dynamics, Odoo, shops, bookkeeping and web analytics
write them. names.py says how they are compared.
"""

# Canonical column -> the names that mean it, the surest first. "table.column" is for one table;
# some are no columns but roles: "email", "unit_price", "less", "currency", "phone".
NAMES: dict[str, str] = {
    "leads.lead_id": """
        lead id, deal id, opportunity id, hs object id, record id, enquiry id, inquiry id,
        application id, quote id, case id, ticket id, lead number, lead nr, lead no, lead num,
        lead key, lead code, lead ref, lead, prospect id, vorgangsnummer, vorgang nr, vorgangs
        id, anfrage nr, anfragenummer, anfrage id, anfrage, angebotsnummer, angebot nr, chance
        id, opportunity number, deal number, quote number, case number, reference number, numero
        de piste, id piste, id opportunite, id oportunidad, id opportunita, id oportunidade, id
        kansen, id szansy, id lead, numero lead, numero de lead, id prospect, id demande, numero
        de demande, numero de dossier, id solicitud, numero de solicitud, id richiesta, numero
        richiesta, id consulta, leadnummer, identifiant, identificador, identificativo, id, uuid,
        guid, key, number, no, nr, num, nummer, numero, numer, code, codigo, codice, kod,
        reference, referenz, referencia, riferimento, ref""",
    "leads.created_at": """
        created at, create date, created date, created on, created time, created, createdon,
        date created, creation date, creation time, time created, date entered, entered on,
        entry date, date added, added on, added time, add time, added at, lead created, deal
        created, inquiry date, enquiry date, inquired at, received at, received on, date
        received, received, opened at, opened on, open date, date opened, opened, registered at,
        registered on, registration date, registered, submitted at, submitted on, submission
        date, date submitted, submission time, submitted, requested at, request date, insert
        date, inserted at, came in, lead date, application date, first seen, called, erstellt
        am, erstellt, erstelldatum, erstellungsdatum, angelegt am, angelegt, anlagedatum, anlage
        am, eingang, eingang am, eingangsdatum, eingegangen am, eingegangen, anfragedatum,
        anfrage vom, aufgenommen am, erfasst am, erfassungsdatum, cree le, cree, date de
        creation, creation, recu le, date de reception, date de la demande, fecha de creacion,
        creado el, creado, creada, fecha alta, fecha de alta, fecha de entrada, fecha solicitud,
        data di creazione, data creazione, creato il, creato, data richiesta, data inserimento,
        data de criacao, criado em, criado, data de entrada, data cadastro, aangemaakt op,
        aangemaakt, aanmaakdatum, ontvangen op, datum aanvraag, data utworzenia, utworzono,
        utworzony, data dodania, dodano, data zgloszenia, timestamp, datetime, date, time, day,
        datum, zeitpunkt, fecha, data, start, start date""",
    "leads.updated_at": """
        updated at, last modified date, last modified, last modified at, last modified on,
        modified at, modified on, modified date, modified time, modified, date modified, hs
        lastmodifieddate, system modstamp, update time, update date, updated on, updated time,
        updated, last updated, last updated at, last update, last update date, write date,
        changed at, changed on, last changed, changed, status date, stage date, status changed
        at, zuletzt geandert, zuletzt geandert am, zuletzt geaendert, geandert am, geaendert am,
        geandert, letzte anderung, letzte aenderung, anderungsdatum, aenderungsdatum,
        aktualisiert am, aktualisiert, zuletzt aktualisiert, modifie le, date de modification,
        derniere modification, mis a jour le, mise a jour, date de mise a jour, fecha de
        modificacion, ultima modificacion, modificado el, actualizado el, actualizado, fecha de
        actualizacion, data di modifica, data modifica, ultima modifica, modificato il,
        aggiornato il, data de modificacao, ultima modificacao, modificado em, atualizado em,
        ultima atualizacao, gewijzigd op, laatst gewijzigd, laatst gewijzigd op,
        wijzigingsdatum, bijgewerkt op, data modyfikacji, ostatnia modyfikacja, zmodyfikowano,
        zaktualizowano""",
    "leads.closed_at": """
        closed at, close date, closed date, closed on, closed time, close time, closed, deal
        closed on, date closed, closing date, actual close date, actual closing date, decided
        at, decided on, decision date, resolved at, resolved on, ended at, end date, ended,
        converted at, converted date, conversion date, date converted, converted on, abschluss
        am, abschlussdatum, schlusstermin, schlussdatum, abschluss, abgeschlossen am,
        abgeschlossen, geschlossen am, geschlossen, entschieden am, beendet am, beendet, date de
        cloture, cloture le, cloture, date de fermeture, ferme le, date de decision, fecha de
        cierre, fecha cierre, cerrado el, cerrado, cierre, data di chiusura, data chiusura,
        chiuso il, chiusura, data de fechamento, data fechamento, fechado em, fechamento,
        gesloten op, sluitdatum, afgesloten op, afsluitdatum, einddatum, data zamkniecia,
        zamknieto, zakonczono, data zakonczenia, result date, date of result, outcome date,
        date of outcome, date of decision, date of closing, resolution date, date resolved,
        ergebnisdatum, datum ergebnis, ergebnis am, entscheidungsdatum, datum entscheidung,
        datum abschluss, datum der entscheidung, entscheid am, date du resultat, decide le,
        decision le, date de conclusion, fecha de decision, fecha de resultado, fecha resolucion,
        decidido el, data decisione, data esito, data risultato, deciso il, data da decisao,
        data do resultado, decidido em, datum besluit, besluitdatum, beslisdatum, besloten op,
        datum beslissing, datum uitslag, resultaatdatum, datum afsluiting, data decyzji, data
        wyniku, data rozstrzygniecia, rozstrzygnieto""",
    "leads.amount": """
        amount, deal amount, opportunity amount, deal value, deal size, opportunity value, lead
        value, contract value, order value, quote value, offer value, estimated value, estimated
        deal value, est revenue, estimated revenue, expected revenue, total value, total amount,
        value, total, sum, price, dollars, budget, angebotswert, auftragswert, auftragsvolumen,
        angebotssumme, auftragssumme, angebotsvolumen, vertragswert, geschatzter wert, betrag,
        summe, wert, volumen, umsatz, preis, montant, montant total, montant du devis, valeur,
        valeur estimee, prix, importe, importe total, monto, valor, valor estimado, precio,
        importo, valore, valore stimato, prezzo, valor do negocio, quantia, preco, bedrag,
        waarde, orderwaarde, prijs, kwota, wartosc, wartosc szansy, cena""",
    "person_id": """
        person id, contact id, customer id, client id, user id, member id, buyer id, shopper id,
        distinct id, who id, customer key, customer code, associated contact id, associated
        contact ids, primary contact id, contact record id, customer number, customer no,
        customer nr, client number, contact number, member number, account number, kunden id,
        kundennummer, kunden nr, kundennr, kunde nr, kunde id, kontakt id, kontaktnummer, person
        nr, personen id, debitor, debitorennummer, debitor nr, debitoren nr, id client, numero
        client, code client, id contact, id utilisateur, id cliente, numero cliente, codigo
        cliente, codice cliente, id contacto, id contatto, id contato, id utente, id usuario,
        klant id, klantnummer, klant nr, klantcode, id klienta, numer klienta, nr klienta,
        klient id, klientennummer, mandant, person, customer, contact, client, user, member,
        buyer, visitor, kunde, kontakt, klant, klient, cliente, contacto, contatto, contato,
        utilisateur, usuario, utente, acheteur, comprador, acquirente, kaeufer, kaufer, who""",
    "email": """
        email, e mail, email address, e mail address, customer email, contact email, buyer
        email, billing email, user email, e mail adresse, mail, mail adresse, adresse e mail,
        adresse mail, courriel, correo, correo electronico, direccion de correo, posta
        elettronica, indirizzo e mail, indirizzo email, endereco de e mail, emailadres, e
        mailadres, adres e mail, adres email, email kunde, kunden e mail, email client, email
        cliente""",
    "person_name": """
        customer name, contact name, client name, buyer name, billing name, kundenname, kunde
        name, nom du client, nom client, nombre del cliente, nombre cliente, nome cliente, nome
        do cliente, klantnaam, nazwa klienta, full name, name""",
    "lead_id": """
        lead id, deal id, opportunity id, associated deal id, associated deal ids, related deal
        id, lead number, lead nr, lead no, lead, deal, opportunity, anfrage id, anfrage nr,
        anfrage, vorgangsnummer, piste, oportunidad, opportunita""",
    "account_id": """
        account id, company id, organization id, organisation id, associated company id, firmen
        id, firma id, firmennummer, account, company, organisation, organization, firma,
        unternehmen, entreprise, societe, empresa, azienda, bedrijf""",
    "product_id": """
        product id, sku, product sku, item sku, variant sku, lineitem sku, stock code,
        stockcode, item id, item code, item number, product code, product number, article
        number, asin, variant id, artikelnummer, artikel nr, artikel id, artikelnr, produkt id,
        produktnummer, produkt nr, reference produit, code produit, id produit, id producto,
        codigo producto, referencia producto, id prodotto, codice prodotto, codice articolo, id
        produto, codigo do produto, productcode, artikelcode, id produktu, kod produktu, nazwa
        produktu, product name, lineitem name, item name, product, item, article, produkt,
        artikel, produit, article, producto, articulo, prodotto, articolo, produto, plan, model""",
    "campaign_id": """
        campaign id, campaign name, campaign, utm campaign, kampagnen id, kampagne,
        kampagnenname, campagne, nom de la campagne, campana, nombre de la campana, campagna,
        campanha, kampania""",
    "leads.source": """
        lead source, leadsource, original source, original traffic source, source, traffic
        source, utm source, acquisition source, acquisition channel, marketing channel, source
        channel, lead origin, origin, channel, source of lead, how did you hear, referral
        source, herkunft, leadquelle, lead quelle, quelle, kanal, ursprung, aufmerksam geworden
        durch, source du prospect, origine, provenance, canal, fuente, fuente del lead, origen,
        procedencia, fonte, fonte lead, origine lead, provenienza, canale, origem, origem do
        lead, bron, leadbron, herkomst, zrodlo, zrodlo leada, pochodzenie""",
    "rep_id": """
        rep id, owner id, hubspot owner id, owner, deal owner, lead owner, opportunity owner,
        contact owner, account owner, record owner, owner name, owner full name, hubspot owner,
        owner alias, assigned to, assigned user, assigned user id, assigned user name, assigned
        rep, assignee, sales rep, sales representative, sales rep id, salesrep, sales person,
        salesperson, sales owner, sales agent, rep, rep name, agent, agent id, agent name,
        account executive, account manager, ae, sdr, seller, responsible, responsible person,
        user responsible, employee, employee id, sold by, betreuer, verkaufer, verkaufer id,
        verkaufer nr, verkaeufer, vertreter, vertreternummer, vertriebler, vertriebsmitarbeiter,
        vertrieb, kundenbetreuer, zustandig, zustaendig, zustandiger, bearbeiter,
        sachbearbeiter, berater, besitzer, inhaber, verantwortlich, verantwortlicher,
        mitarbeiter, mitarbeiter id, innendienst, aussendienst, vendeur, vendeuse, commercial,
        conseiller, proprietaire, responsable, charge d affaires, vendedor, vendedora,
        comercial, propietario, asesor, agente, venditore, commerciale, responsabile,
        proprietario, assegnato a, consulente, responsavel, proprietario do negocio, atribuido
        a, verkoper, verkoopster, accountmanager, eigenaar, verantwoordelijke, sprzedawca,
        handlowiec, wlasciciel, opiekun, przedstawiciel""",
    "anonymous_id": """
        anonymous id, user pseudo id, device id, client id, cookie id, visitor id, cid,
        idvisitor, amplitude id, fullvisitorid, anonymous, cookie, visitor""",
    "events.kind": """
        event name, event, event type, event action, event kind, kind, action, activity,
        interaction, action type, type, name, page title, page name, page, page path, screen
        name, screen, action name, page url, path, title, url, seitentitel, seite, ereignis,
        ereignisname, art, typ, aktion, evenement, type d evenement, evento, tipo de evento,
        tipo, azione, accion, gebeurtenis, zdarzenie, rodzaj""",
    "activities.kind": """
        activity type, engagement type, event type, event name, kind, type, activity, call type,
        task type, action, interaction, channel, task subtype, event, art, typ, aktivitat,
        aktivitatstyp, aktion, kontaktart, type d activite, activite, tipo, tipo de actividad,
        actividad, tipo attivita, attivita, tipo de atividade, atividade, soort, activiteit, typ
        aktywnosci, aktywnosc, rodzaj, subject""",
    "events.event_id": """
        event id, message id, insert id, event uuid, hit id, uuid, id, ereignis id""",
    "activities.activity_id": """
        activity id, engagement id, call id, meeting id, task id, record id, aktivitats id, id""",
    "events.at": """
        at, timestamp, event timestamp, event time, event datetime, occurred at, happened at,
        client event time, original timestamp, server time, server timestamp, time, datetime,
        date time, created at, created, ts, sent at, received at, event date, date, day, when,
        zeitpunkt, zeitstempel, zeit, datum, heure, horodatage, fecha y hora, fecha, hora, data
        e ora, data ora, data e hora, data, ora, tijdstip, tijd, czas, data i czas""",
    "activities.at": """
        at, activity date, activity time, timestamp, occurred at, start time, started at, call
        time, completed at, completed date, done at, date time, datetime, time, create date,
        created at, created date, created, sent at, when, due date, date, day, zeitpunkt, zeit,
        datum, termin am, heure, date de l activite, fecha, fecha y hora, hora, data, data e
        ora, data e hora, tijdstip, data i czas, czas""",
    "purchases.at": """
        at, order date, ordered at, ordered on, order created at, purchase date, purchased at,
        invoice date, sale date, sold at, transaction date, transaction time, created at,
        created, created date utc, created utc, date created, processed at, order time, placed
        at, placed on, payment date, paid at, paid on, completed at, timestamp, datetime, date
        time, date, time, day, when, bestelldatum, bestellt am, auftragsdatum, rechnungsdatum,
        kaufdatum, gekauft am, belegdatum, buchungsdatum, umsatzdatum, datum, zeitpunkt, date de
        commande, date commande, commande le, date d achat, date de facture, date facture, fecha
        de pedido, fecha pedido, fecha de compra, fecha de factura, fecha factura, fecha venta,
        fecha, data ordine, data acquisto, data fattura, data vendita, data do pedido, data da
        compra, data da fatura, data pedido, data compra, data venda, data, orderdatum,
        besteldatum, besteld op, factuurdatum, aankoopdatum, data zamowienia, data zakupu, data
        faktury, data sprzedazy""",
    "identities.at": """
        at, timestamp, identified at, linked at, created at, time, date, first seen""",
    "feedback.at": "at, rated at, timestamp, created at, date, time, datum, fecha, data",
    "treatments.at": """
        at, assigned at, treated at, sent at, exposed at, timestamp, created at, date, time,
        datum, fecha, data""",
    "known_at": """
        known at, updated at, last updated, last modified date, last modified, modified at,
        modified on, changed at, valid from""",
    "date": """
        date, day, reporting starts, report date, spend date, datum, tag, jour, fecha, dia,
        data, giorno, dag, dzien, week, month, monat""",
    "cost": """
        cost, spend, amount spent, total cost, total spent, ad spend, media cost, costs, kosten,
        ausgaben, werbeausgaben, werbekosten, cout, couts, depense, depenses, coste, costo,
        gasto, gastos, inversion, importe gastado, spesa, importo speso, custo, valor gasto,
        investimento, uitgaven, besteed bedrag, koszt, wydatki""",
    "purchases.amount": """
        amount, amount cents, amount in cents, total cents, total in cents, betrag in cent, montant
        en centimes, importe en centimos, total, order total, grand total, total price, total
        amount, total paid, total sales, order amount, order value, invoice total, invoice
        amount, amount paid, total
        collected, sale amount, sales amount, purchase amount, transaction amount, line total,
        line amount, item total, gross amount, gross sales, gross total, gross, net sales, net
        amount, net total, net, revenue, sales, value, sum, paid, dollars, spent, order
        subtotal, subtotal, extended price, gesamtbetrag, gesamtsumme, gesamt, bruttobetrag,
        brutto, rechnungsbetrag, bestellwert, auftragswert, warenwert, umsatz, umsatz ohne soll
        haben kz, betrag, summe, wert, endbetrag, zahlbetrag, nettobetrag, netto, zwischensumme,
        montant total, total ttc, montant ttc, total ht, montant ht, montant, total commande,
        chiffre d affaires, sous total, importe total, importe, monto total, monto, total
        pedido, importo totale, totale, totale ordine, importo, subtotale, valor total, valor,
        total do pedido, totaalbedrag, totaal, bedrag, orderbedrag, omzet, subtotaal, kwota,
        kwota brutto, suma, razem, wartosc, wartosc zamowienia""",
    "unit_price": """
        unit price, unitprice, price per unit, price each, item price, price per item, unit
        amount, unit cost price, product price, list price, lineitem price, price, einzelpreis,
        stuckpreis, stueckpreis, preis pro stuck, artikelpreis, preis, prix unitaire, prix
        unitaire ht, prix, precio unitario, precio, prezzo unitario, prezzo, preco unitario,
        preco, stukprijs, eenheidsprijs, prijs, cena jednostkowa, cena""",
    "less": """
        refunded amount, amount refunded, refund amount, total refunded, total refunds, refunds,
        refunded, refund total, refund, returned amount, returns, erstattungsbetrag, erstattet,
        erstattung, erstatteter betrag, ruckerstattung, rueckerstattung, gutschrift, montant
        rembourse, rembourse, remboursement, remboursements, importe reembolsado, monto
        reembolsado, reembolsado, reembolso, reembolsos, importo rimborsato, rimborsato,
        rimborso, rimborsi, valor reembolsado, terugbetaald, terugbetaald bedrag, terugbetaling,
        kwota zwrotu, zwrot, zwroty""",
    "currency": """
        currency, currency code, currency iso code, order currency, currency of value,
        transaction currency, presentment currency, wahrung, waehrung, wahrungscode, wkz umsatz,
        wkz, devise, monnaie, moneda, divisa, valuta, moeda, waluta""",
    "purchases.purchase_id": """
        purchase id, order id, order number, order no, order nr, order name, order, increment
        id, invoice no, invoice number, invoice id, invoice, transaction id, transaction number,
        transaction,
        receipt number, receipt id, receipt no, sale id, sale number, charge id, payment id,
        payment intent id, document number, bestellnummer, bestell nr, bestellung nr, bestell
        id, bestellung, auftragsnummer, auftrags nr, auftrag nr, auftrag, rechnungsnummer,
        rechnungs nr, rechnung nr, rechnung, belegnummer, beleg nr, belegfeld 1, numero de
        commande, numero commande, n commande, id commande, commande, numero de facture, numero
        facture, facture, numero de pedido, numero pedido, n pedido, id pedido, pedido, numero
        de factura, numero factura, factura, numero ordine, id ordine, n ordine, ordine, numero
        fattura, fattura, numero do pedido, id do pedido, numero da fatura, fatura, venda,
        bestelnummer, ordernummer, bestelling, factuurnummer, factuur, numer zamowienia, nr
        zamowienia, id zamowienia, zamowienie, numer faktury, nr faktury, faktura, name, number,
        nummer, num, id""",
    "quantity": """
        quantity, qty, quantity sold, quantity ordered, lineitem quantity, item quantity, units,
        units sold, item count, menge, anzahl, stuck, stueck, stuckzahl, quantite, qte, nombre,
        cantidad, unidades, cant, quantita, qta, quantidade, qtd, aantal, hoeveelheid, ilosc,
        liczba""",
    "purchases.promotion": """
        promotion, discount code, coupon code, coupon, promo code, voucher, voucher code,
        gutscheincode, gutschein, rabattcode, aktionscode, code promo, codigo descuento, cupon,
        codice sconto, cupom, kortingscode, kod rabatowy""",
    "purchases.cancelled_at": """
        cancelled at, canceled at, cancelled on, canceled on, cancelled date, canceled date,
        cancellation date, date cancelled, date canceled, cancelled time, cancelled, storniert
        am, storno am, stornodatum, storniert, stornierungsdatum, annule le, date d annulation,
        annulation, fecha de cancelacion, fecha cancelacion, cancelado el, fecha de anulacion,
        anulado el, cancelado, data di annullamento, data annullamento, annullato il, data
        cancellazione, data de cancelamento, data cancelamento, cancelado em, geannuleerd op,
        annuleringsdatum, geannuleerd, data anulowania, anulowano""",
    "margin": """
        margin, gross profit, profit, gross margin, marge, marge brute, deckungsbeitrag,
        rohertrag, gewinn, margen, margine, margem, marza, zysk""",
    "outcome": """
        outcome, result, disposition, call outcome, call result, ergebnis, resultat, resultado,
        risultato, resultaat, wynik""",
    "rating": """
        rating, score, stars, fit, grade, bewertung, note, calificacion, voto, nota, ocena""",
    "duration_s": """
        duration s, duration seconds, duration sec, duration secs, duration in seconds, call
        duration seconds, seconds, duration, dauer s, dauer sek, dauer in sekunden, dauer""",
    "page_category": "page category, page type, category, content group, seite, seitentyp",
    "referrer_kind": "referrer kind, referrer type, medium, traffic medium",
    "value": "value, event value, revenue",
    "arm": """
        arm, variant, group, treatment group, test group, segment, variation, cell, gruppe,
        variante, groupe, grupo, gruppo, groep, grupa""",
    "propensity": "propensity, probability of treatment",
    "reps.rep_id": """
        rep id, user id, owner id, employee id, agent id, salesperson id, seller id, id, rep,
        sales rep, salesperson, agent, owner, seller, verkaufer, verkaeufer, vertreter,
        betreuer, mitarbeiter, vendeur, commercial, vendedor, comercial, venditore, verkoper,
        sprzedawca, handlowiec, rep name, full name, name, nom, nombre, nome, naam, email""",
    "capacity_per_day": """
        capacity per day, capacity, calls per day, daily capacity, max calls per day, kapazitat,
        kapazitat pro tag, kapazitaet, capacite, capacidad, capacita, capacidade, capaciteit""",
    "minutes_per_day": "minutes per day, minuten pro tag",
    "cost_per_hour": "cost per hour, hourly cost, hourly rate, stundensatz",
    "seniority": "seniority, years, years of experience, tenure years, betriebszugehorigkeit",
    "product_types": "product types, products, specialties",
    "products.product_id": """
        product id, sku, variant sku, item id, item code, stock code, stockcode, product code,
        handle, article number, artikelnummer, artikel nr, artikelnr, produktnummer, produkt id,
        reference, code produit, id produit, id producto, codigo, codice, codice prodotto, id
        produto, artikelcode, kod produktu, id, code, product, item, artikel, produkt, produit,
        producto, prodotto, produto""",
    "product_type": """
        product type, type, category, product category, collection, kategorie, produkttyp,
        warengruppe, categorie, categoria, kategoria""",
    "price": """
        price, variant price, unit price, list price, regular price, retail price, preis,
        listenpreis, verkaufspreis, prix, precio, prezzo, preco, prijs, cena""",
    "description": """
        description, body html, long description, beschreibung, descripcion, descrizione,
        descricao, omschrijving, opis""",
    "campaigns.campaign_id": """
        campaign id, id, campaign, kampagnen id, kampagne, campagne, campana""",
    "channel": "channel, type, medium, platform, kanal, canal, canale, kanaal",
    "starts_at": """
        starts at, start date, start, begins, started at, beginn, startdatum, debut, fecha de
        inicio, inicio, inizio, data inizio, data de inicio""",
    "ends_at": """
        ends at, end date, end, ends, ended at, ende, enddatum, fin, date de fin, fecha de fin,
        fine, data fine, fim, data de fim""",
    "impressions": """
        impressions, impr, views, impressionen, impresiones, impressioni, vertoningen""",
    "clicks": "clicks, link clicks, klicks, clics, clic, cliques, kliks",
    "message": "message, ad name, ad, creative, headline, anzeige",
    "phone": """
        phone, phone number, mobile, mobile phone, mobile number, telephone, tel, cell, cell
        phone, fax, whatsapp, home phone, work phone, telefon, telefonnummer, handy, mobil,
        mobilnummer, rufnummer, numero de telephone, portable, telefono, movil, celular,
        cellulare, telefone, telefoonnummer, telefoon, mobiel, numer telefonu, komorka""",
    "people.name": """
        name, full name, display name, customer name, contact name, kundenname, vollstandiger
        name, nom, nom complet, nombre, nombre completo, nome, nome completo, naam, nazwa, imie
        i nazwisko""",
    "name": """
        name, title, full name, display name, bezeichnung, titel, nom, libelle, nombre, titulo,
        nome, titolo, naam, titel, nazwa, tytul""",
    "country": """
        country, country code, billing country, shipping country, country region, land, pays,
        pais, paese, kraj""",
    "region": """
        region, state, province, state region, bundesland, provincia, departement, estado""",
    "domain": """
        domain, company domain name, website, website url, webseite, site web, sitio web""",
    "industry": "industry, sector, branche, secteur, sector, settore, setor, branza",
    "employees": """
        employees, number of employees, no of employees, mitarbeiter, mitarbeiterzahl, anzahl
        mitarbeiter, effectif, empleados, dipendenti, funcionarios, pracownicy""",
}

# Words that take such a name its meaning: the discount of an order is no amount of it.
BUT: dict[str, str] = {
    "leads.amount": """
        annual recurring employees forecast forecasted weighted probability tax previous prior
        average avg income salary balance jahresumsatz company discount closed paid lifetime ltv
        page score credit currency year yearly""",
    "purchases.amount": """
        tax taxes vat shipping discount discounts refund refunded refunds fee fees tip tips cost
        quantity currency mwst steuer versand rabatt code cumulative balance lifetime""",
    "unit_price": "cost compare tax discount total",
    "purchases.at": """
        cancelled canceled updated modified refunded due fulfilled shipped delivered birth
        expiry paid through""",
    "leads.created_at": """
        last modified updated close closed converted birth due expected next end ended abschluss
        geburt geburtsdatum naissance nacimiento nascita nascimento won lost renewal expiry
        trial contract policy cierre cloture chiusura fechamento""",
    "leads.closed_at": """
        expected estimated planned reason lost amount erwartet geplant target forecast created""",
    "events.at": "updated modified birth",
    "person_id": "session device cookie anonymous visitor type group segment count",
    "rep_id": "previous former email count id created",
    "leads.source": "detail details medium code id country url",
    "events.kind": "id date time timestamp count value",
    "activities.kind": "id date time timestamp count",
    "purchases.purchase_id": """
        date time status total currency count item items customer type subtotal amount source""",
    "leads.lead_id": """
        source status owner customer contact client account company person user product campaign
        employees phone telefon postal zip external parent order invoice visits activities times
        contacted page session days""",
    "product_id": "price quantity name type count category",
    "less": "status reason date at",
}
