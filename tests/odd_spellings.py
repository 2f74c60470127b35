"""How people and their programs write times, numbers, ids and words; each spelling with its truth.

A time spelling takes a local wall time and gives the text and the wall time that the text still
says (a day without a time of day is its last microsecond). A number spelling takes a number and
gives the text and the number that the text still says.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Wall = datetime
TimeSpelling = Callable[[Wall], tuple[str, Wall]]
NumberSpelling = Callable[[float], tuple[str, float]]

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "en_short": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "fr_short": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre "
    "dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}
DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()  # noqa: SIM905


def end_of_day(wall: Wall) -> Wall:
    """The last microsecond of a day."""
    return wall.replace(hour=23, minute=59, second=59, microsecond=999_999)


def _second(wall: Wall) -> Wall:
    return wall.replace(microsecond=0)


def _minute(wall: Wall) -> Wall:
    return wall.replace(second=0, microsecond=0)


def _written(pattern: str, precision: Callable[[Wall], Wall]) -> TimeSpelling:
    return lambda wall: (wall.strftime(pattern), precision(wall))


def _unix(per_second: int) -> TimeSpelling:
    def spelled(wall: Wall) -> tuple[str, Wall]:
        kept = _second(wall)
        return str(int(kept.timestamp()) * per_second), kept

    return spelled


def _utc(pattern: str) -> TimeSpelling:
    def spelled(wall: Wall) -> tuple[str, Wall]:
        return _second(wall).astimezone(UTC).strftime(pattern), _second(wall)

    return spelled


def _offset(pattern: str, *, colon: bool) -> TimeSpelling:
    def spelled(wall: Wall) -> tuple[str, Wall]:
        offset = wall.strftime("%z")
        offset = f"{offset[:3]}:{offset[3:]}" if colon else offset
        return wall.strftime(pattern) + offset, _second(wall)

    return spelled


def _us(wall: Wall, gap: str, *, seconds: bool, lower: bool = False) -> tuple[str, Wall]:
    hour = wall.hour % 12 or 12
    half = "AM" if wall.hour < 12 else "PM"
    clock = f"{hour}:{wall:%M}" + (f":{wall:%S}" if seconds else "")
    text = f"{wall.month}/{wall.day}/{wall.year}{gap}{clock} {half.lower() if lower else half}"
    return text, _second(wall) if seconds else _minute(wall)


def _named(months: str, pattern: str, *, clock: bool = False) -> TimeSpelling:
    def spelled(wall: Wall) -> tuple[str, Wall]:
        month = MONTHS[months].split()[wall.month - 1]
        text = pattern.format(d=wall.day, m=month, y=wall.year)
        if clock:
            return f"{text} {wall:%H:%M}", _minute(wall)
        return text, end_of_day(wall)

    return spelled


def _serial(wall: Wall) -> tuple[str, Wall]:
    days = (_second(wall).replace(tzinfo=None) - datetime(1899, 12, 30)).total_seconds() / 86_400
    return f"{days:.6f}", _second(wall)


def _serial_day(wall: Wall) -> tuple[str, Wall]:
    return str((wall.replace(tzinfo=None) - datetime(1899, 12, 30)).days), end_of_day(wall)


def _nano(wall: Wall) -> tuple[str, Wall]:
    return f"{wall.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}789Z", wall


def _mixed(wall: Wall) -> tuple[str, Wall]:
    """Days alone among times."""
    if wall.second % 5 == 0:
        return f"{wall:%Y-%m-%d}", end_of_day(wall)
    return f"{wall:%Y-%m-%d %H:%M:%S}", _second(wall)


TIMES: dict[str, TimeSpelling] = {
    "iso blank": _written("%Y-%m-%d %H:%M:%S", _second),
    "iso T": _written("%Y-%m-%dT%H:%M:%S", _second),
    "iso minute": _written("%Y-%m-%d %H:%M", _minute),
    "iso, some days": _mixed,
    "iso Z": _utc("%Y-%m-%dT%H:%M:%SZ"),
    "iso milliseconds Z": _utc("%Y-%m-%dT%H:%M:%S.000Z"),
    "iso nanoseconds Z": _nano,
    "iso offset": _offset("%Y-%m-%dT%H:%M:%S", colon=True),
    "shopify": _offset("%Y-%m-%d %H:%M:%S ", colon=False),
    "rails": _utc("%Y-%m-%d %H:%M:%S UTC"),
    "postgres": _utc("%Y-%m-%d %H:%M:%S.000000+00"),
    "basic": _utc("%Y%m%dT%H%M%SZ"),
    "year first slashes": _written("%Y/%m/%d %H:%M:%S", _second),
    "dots": _written("%d.%m.%Y %H:%M", _minute),
    "dots comma": _written("%d.%m.%Y, %H:%M:%S", _second),
    "dots Uhr": _written("%d.%m.%Y %H:%M Uhr", _minute),
    "dots short year": _written("%d.%m.%y %H:%M", _minute),
    "day first slashes": _written("%d/%m/%Y %H:%M", _minute),
    "day first comma": _written("%d/%m/%Y, %H:%M:%S", _second),
    "day first dashes": _written("%d-%m-%Y %H:%M", _minute),
    "month first slashes": _written("%m/%d/%Y %H:%M", _minute),
    "us short year": _written("%m/%d/%y %H:%M", _minute),
    "salesforce report": lambda wall: _us(wall, ", ", seconds=False),
    "us": lambda wall: _us(wall, " ", seconds=True),
    "us lower": lambda wall: _us(wall, " ", seconds=False, lower=True),
    "day iso": _written("%Y-%m-%d", end_of_day),
    "day dots": _written("%d.%m.%Y", end_of_day),
    "day slashes": _written("%d/%m/%Y", end_of_day),
    "day month first": _written("%m/%d/%Y", end_of_day),
    "day digits": _written("%Y%m%d", end_of_day),
    "english": _named("en", "{m} {d}, {y}"),
    "english short": _named("en_short", "{d} {m} {y}", clock=True),
    "german": _named("de", "{d}. {m} {y}"),
    "french": _named("fr", "{d} {m} {y}"),
    "french short": _named("fr_short", "{d} {m} {y}", clock=True),
    "spanish": _named("es", "{d} de {m} de {y}"),
    "italian": _named("it", "{d} {m} {y}"),
    "portuguese": _named("pt", "{d} de {m} de {y}"),
    "dutch": _named("nl", "{d} {m} {y}", clock=True),
    "rfc 2822": lambda wall: (
        f"{DAYS[wall.weekday()]}, {wall:%d} {MONTHS['en_short'].split()[wall.month - 1]} "
        f"{wall:%Y %H:%M:%S %z}",
        _second(wall),
    ),
    "javascript": lambda wall: (
        f"{DAYS[wall.weekday()]} {MONTHS['en_short'].split()[wall.month - 1]} "
        f"{wall:%d %Y %H:%M:%S} GMT{wall:%z}",
        _second(wall),
    ),
    "unix seconds": _unix(1),
    "unix milliseconds": _unix(1_000),
    "unix microseconds": _unix(1_000_000),
    "excel serial": _serial,
    "excel serial day": _serial_day,
}
EMPTY_TIMES = (
    *("0000-00-00 00:00:00", "0000-00-00", "0001-01-01T00:00:00", "1900-01-01", "1970-01-01"),
    *("9999-12-31", "-", "n/a", "NULL"),
)


def _grouped(whole: int, mark: str, *, lakh: bool = False) -> str:
    digits = str(whole)
    if not lakh:
        return f"{whole:,}".replace(",", mark)
    head, tail = digits[:-3], digits[-3:]
    pairs = []
    while head:
        head, pair = head[:-2], head[-2:]
        pairs.insert(0, pair)
    return mark.join([*pairs, tail])


def _marks(thousands: str, decimal: str, *, lakh: bool = False) -> NumberSpelling:
    def spelled(number: float) -> tuple[str, float]:
        kept = round(number, 2)
        whole, cents = f"{kept:.2f}".split(".")
        text = _grouped(int(whole), thousands, lakh=lakh) if thousands else whole
        return f"{text}{decimal}{cents}", kept

    return spelled


def _whole(thousands: str) -> NumberSpelling:
    def spelled(number: float) -> tuple[str, float]:
        return _grouped(round(number), thousands), float(round(number))

    return spelled


def _cut(thousands: str, decimal: str) -> NumberSpelling:
    """Cents only where there are any: 1.234 beside 12,5 and 1.234,56."""
    full = _marks(thousands, decimal)

    def spelled(number: float) -> tuple[str, float]:
        kept = round(number, round(number) % 3)
        text, _ = full(kept)
        return text.rstrip("0").rstrip(decimal), kept

    return spelled


NUMBERS: dict[str, NumberSpelling] = {
    "point": _marks("", "."),
    "comma": _marks("", ","),
    "english": _marks(",", "."),
    "german": _marks(".", ","),
    "swiss": _marks("'", "."),
    "swiss typographic": _marks("\u2019", "."),
    "blank": _marks(" ", ","),
    "no-break blank": _marks("\u00a0", ","),
    "narrow blank": _marks("\u202f", ","),
    "lakh": _marks(",", ".", lakh=True),
    "english cut": _cut(",", "."),
    "german cut": _cut(".", ","),
    "point cut": _cut("", "."),
    "whole": _whole(""),
    "whole english": _whole(","),
    "whole german": _whole("."),
}
MINUS: dict[str, Callable[[str], str]] = {
    "before": lambda text: f"-{text}",
    "behind": lambda text: f"{text}-",
    "accounting": lambda text: f"({text})",
    "unicode": lambda text: f"\u2212{text}",
}
MONEY: dict[str, Callable[[str], str]] = {
    "none": lambda text: text,
    "dollar": lambda text: f"${text}",
    "euro behind": lambda text: f"{text} €",
    "euro before": lambda text: f"€ {text}",
    "pound": lambda text: f"£{text}",
    "code behind": lambda text: f"{text} EUR",
    "code before": lambda text: f"USD {text}",
    "franc": lambda text: f"CHF {text}",
    "real": lambda text: f"R$ {text}",
    "krona": lambda text: f"{text} kr",
    "zloty": lambda text: f"{text} zł",
    "rupee": lambda text: f"₹{text}",
}
EMPTY_NUMBERS = (
    *("-", "n/a", "N/A", "#DIV/0!", "#N/A", "#REF!", "inf", "?", "unknown", "—", "(not set)"),
    *("tbd", "NULL", "NaN", "."),
)
STRAYS = ("see mail", "ask Tom", "??", "call back")

IDS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "point zero": lambda text: f"{text}.0",
    "formula": lambda text: f'="{text}"',
    "apostrophe": lambda text: f"'{text}",
    "blanks": lambda text: f" {text} ",
}

YES_NO = {
    "english": ("Yes", "No"),
    "german": ("Ja", "Nein"),
    "french": ("Oui", "Non"),
    "spanish": ("Sí", "No"),
    "italian": ("Sì", "No"),
    "portuguese": ("Sim", "Não"),
    "dutch": ("Ja", "Nee"),
    "polish": ("Tak", "Nie"),
    "letters": ("Y", "N"),
    "german letters": ("J", "N"),
    "digits": ("1", "0"),
    "true": ("true", "false"),
    "TRUE": ("TRUE", "FALSE"),
}
# won, lost and open stages: of CRMs, and in eight languages.
STAGES = {
    "hubspot": ("Closed Won", "Closed Lost", ("Appointment Scheduled", "Qualified To Buy")),
    "salesforce lead": (
        "Closed - Converted",
        "Closed - Not Converted",
        ("Working - Contacted", "Open - Not Contacted"),
    ),
    "pipedrive": ("won", "lost", ("open",)),
    "zoho": ("Closed Won", "Closed Lost", ("Qualification", "Needs Analysis", "Negotiation")),
    "dynamics": ("Won", "Lost", ("In Progress", "On Hold")),
    "german": ("gewonnen", "verloren", ("offen", "Angebot gesendet")),
    "french": ("Gagné", "Perdu", ("En cours", "Devis envoyé")),
    "spanish": ("Ganado", "Perdido", ("En curso", "Propuesta enviada")),
    "italian": ("Vinto", "Perso", ("In corso", "Preventivo inviato")),
    "portuguese": ("Ganho", "Perdido", ("Em andamento", "Proposta enviada")),
    "dutch": ("Gewonnen", "Verloren", ("Open", "Offerte verstuurd")),
    "polish": ("Wygrana", "Przegrana", ("W toku", "Oferta wysłana")),
}


def shifted(start: Wall, days: float) -> Wall:
    """A wall time some days later, between six and ten o'clock in the evening at the latest."""
    later = start + timedelta(days=days)
    return later.replace(hour=6 + later.hour * 15 // 24)
