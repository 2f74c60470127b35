"""[currencies]: what one unit of a foreign currency is worth in the workspace's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from redumbrella.settings.section import Section

# ISO 4217, what is in use.
CODES = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
    GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW
    KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN
    NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK
    SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES
    VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Currencies:
    """The currency in which amounts are counted, and the rates of others.

    rates: ISO 4217 code -> units of `own` for one unit of it.
    """

    own: str = "EUR"
    rates: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


def read_currencies(section: Section, own: str) -> Currencies:
    """The section [currencies], such as USD = 0.92; problems are noted in the section."""
    rates = {}
    for code, value in section.content.items():
        if isinstance(value, str) and re.fullmatch(r"\d+(?:[.,]\d+)?", value.strip()):
            section.known.append(code)
            written = value.strip().replace(",", ".")
            section.problem(
                f'{code} = "{value}" is text: write {code} = {written}, a number with a point and '
                "without quotes."
            )
            continue
        rate = section.number(code, 1e-12)
        if not re.fullmatch("[A-Z]{3}|KR", code):  # "kr" beside an amount names no country
            section.problem(f'{code} is no currency: expected a three-letter code such as "USD".')
        elif code == own and rate != 1.0:
            section.problem(f"{code} is the workspace's own currency: remove the line.")
        elif rate is not None:
            rates[code] = rate
    return Currencies(own, MappingProxyType(rates))
