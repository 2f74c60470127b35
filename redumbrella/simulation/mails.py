"""Mails: who gets the weekly one, and who has had enough of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redumbrella.simulation.chance import uniform
from redumbrella.simulation.parameters import Company
from redumbrella.simulation.people import People


@dataclass(frozen=True)
class Mailing:
    """Mails of a day: people, the product each recommends (-1: none), who could have had one, and
    with which chance each of those got it (nan: nobody drew). refused: how many more were asked
    for, to people who have not signed up or want no mail.
    """

    people: NDArray[np.int64]
    product: NDArray[np.int64]
    eligible: NDArray[np.int64]
    chance: float
    refused: int = 0


NO_MAIL = Mailing(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), np.nan)


def may_be_mailed(company: Company, people: People, day: int) -> NDArray[np.bool_]:
    """Known people who have not unsubscribed."""
    known = (people.signed_up >= 0) & (day - people.signed_up >= company.mail.after_days)
    return np.asarray(known & (people.unsubscribed < 0) & (people.double_of < 0))


def weekly_mail(company: Company, seed: int, people: People, day: int, weekday: int) -> Mailing:
    """On Tuesdays a share of those who may be mailed, drawn evenly."""
    if weekday != 1 or company.mail.share <= 0:
        return NO_MAIL
    eligible = np.flatnonzero(may_be_mailed(company, people, day))
    mailed = eligible[uniform(seed, "mail", eligible, day) < company.mail.share]
    return Mailing(mailed, np.full(mailed.size, -1), eligible, company.mail.share)


def apply_mails(company: Company, seed: int, people: People, mailing: Mailing, day: int) -> None:
    """Notes who was mailed today; each mail drives some away, and those who dislike it sooner."""
    who = mailing.people
    people.mailed[who] = day
    people.mails[who] += 1
    bored = company.mail.unsubscribe * np.exp(-people.mail_taste[who])
    leaves = uniform(seed, "unsubscribes", who, day) < bored
    people.unsubscribed[who[leaves]] = day
