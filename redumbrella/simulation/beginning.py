"""The first morning of a company: nobody has come yet."""

from datetime import date

import numpy as np

from redumbrella.simulation.leads import new_leads
from redumbrella.simulation.offers import draw_employers, draw_offers
from redumbrella.simulation.parameters import read_company
from redumbrella.simulation.people import Arrivals, new_people
from redumbrella.simulation.world import World


def begin(
    text: str, seed: int, size: str, start: date, change_day: int | None, place: str = ""
) -> World:
    """A company before its first day. text: its parameters, which stand in the file `place`;
    change_day: None as they say.
    """
    company = read_company(text, place or "the parameters of the company")
    offers, employers = draw_offers(company, seed), draw_employers(company, seed)
    nobody = Arrivals(np.zeros(0, np.int64), np.zeros(0, np.int64))
    people = new_people(company, seed, 0, nobody, 0, offers, employers)
    leads = new_leads(company, seed, 0, people, np.zeros(0, np.int64), offers)
    return World(text, seed, size, start, change_day, 0, people, leads)
