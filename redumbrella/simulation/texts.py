"""What people and reps write: names, addresses, job titles and enquiries, in several spellings."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from redumbrella.simulation.chance import uniform

FIRST = ("Ada", "Ben",
         "Carla", "Deniz", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Katya",
         "Luis", "Mira", "Noor", "Olaf", "Petra", "Quentin", "Rosa", "Sami", "Tilda", "Umar",
         "Vera", "Wim", "Xenia", "Yusuf", "Zoë")  # fmt: skip
LAST = ("Abel", "Brandt", "Costa", "Dubois", "Ekström", "Ferrari", "García", "Horváth", "Ivanova",
        "Jansen", "Kowalska", "Lindqvist", "Müller", "Novak", "Okafor", "Petrov", "Quist", "Rossi",
        "Şahin", "Tanaka", "Ueda", "Vogel", "Walsh", "Xu", "Yilmaz", "Zhang")  # fmt: skip
SENIORITY = ("Junior", "", "Senior", "Lead")
_ASKING = (  # from the coldest to the hottest; in English, German and French
    ("just browsing", "is there a free sample?", "thanks for the article", "for my thesis",
     "nur mal schauen", "simple curiosité"),
    ("please send some information about {type}", "what is {type}?", "newsletter please",
     "bitte Informationen zu {type}", "je voudrais des informations sur {type}"),
    ("we may need {type} next year", "how does {type} work?", "do you have references for {type}?",
     "wie funktioniert {type}?", "avez-vous des références pour {type} ?"),
    ("please call me about {type}", "what does {type} cost?", "offer for {type} please",
     "bitte ein Angebot für {type}", "combien coûte {type} ?"),
    ("we need {type} this month, budget is approved", "urgent: {type}, when can you start?",
     "please send a contract for {type}", "dringend: {type}, Budget ist genehmigt",
     "urgent : {type}, le budget est validé"),
)  # fmt: skip
_OTHERS = ("are you hiring?", "I am looking for a job", "my CV is attached", "do you take interns?",
           "Bewerbung", "je cherche un emploi")  # fmt: skip
_GREETINGS = ("", "", "Hello, ", "Hi, ", "hello ", "Dear team, ", "Guten Tag, ", "Bonjour, ")
_ENDINGS = ("", "", ".", " Thank you!", " thanks", " Best regards", "!!", " asap")


def full_names(seed: int, who: NDArray[np.int64]) -> list[str]:
    """A first and a last name of each person."""
    first = (uniform(seed, "first name", who) * len(FIRST)).astype(np.int64)
    last = (uniform(seed, "last name", who) * len(LAST)).astype(np.int64)
    return [f"{FIRST[a]} {LAST[b]}" for a, b in zip(first.tolist(), last.tolist(), strict=True)]


def emails(own: Sequence[str], who: Sequence[int], domains: Sequence[str]) -> list[str]:
    """Addresses under domains reserved for examples (RFC 2606)."""
    return [
        f"{name.split()[0].casefold()}.{number}@{domain}"
        for name, number, domain in zip(own, who, domains, strict=True)
    ]


def titles(
    seed: int, listed: Sequence[str], who: NDArray[np.int64], title: Sequence[int],
    seniority: Sequence[int],
) -> list[str]:  # fmt: skip
    """Job titles as people write them: another language, other case, a typing error."""
    way = uniform(seed, "spelling", who)
    style = uniform(seed, "style", who)
    found = []
    for kind, level, drawn, form in zip(
        title, seniority, way.tolist(), style.tolist(), strict=True
    ):
        spelled = listed[kind].split("|")
        # Half of all use the first spelling.
        number = 0 if drawn < 0.5 else int((drawn - 0.5) * 2 * len(spelled))
        text = f"{SENIORITY[level]} {spelled[number]}".strip()
        if form < 0.15:
            text = text.lower()
        elif form < 0.2:
            text = text.upper()
        elif form < 0.24 and len(text) > 6:
            middle = len(text) // 2
            text = text[:middle] + text[middle + 1] + text[middle] + text[middle + 2 :]
        elif form < 0.3:
            text = text.replace("Senior", "Sr.").replace("Junior", "Jr.")
        found.append(text)
    return found


def enquiries(
    seed: int, who: NDArray[np.int64], intent: Sequence[float], is_job_seeker: Sequence[bool],
    types: Sequence[str],
) -> list[str]:  # fmt: skip
    """What people write when they sign up: the warmer the intent, the more concrete."""
    noise = uniform(seed, "tone", who) + uniform(seed, "tone too", who) - 1.0
    which = uniform(seed, "enquiry", who)
    greeting, ending = uniform(seed, "greeting", who), uniform(seed, "ending", who)
    found = []
    for heat, seeks, kind, off, drawn, one, two in zip(
        intent, is_job_seeker, types, noise.tolist(), which.tolist(), greeting.tolist(),
        ending.tolist(), strict=True,
    ):  # fmt: skip
        level = int(np.clip(np.floor((heat + 1.6 * off + 2.0) * 1.25), 0, len(_ASKING) - 1))
        options = _OTHERS if seeks else _ASKING[level]
        text = options[int(drawn * len(options))].format(type=kind)
        found.append(f"{_GREETINGS[int(one * len(_GREETINGS))]}{text}"
                     f"{_ENDINGS[int(two * len(_ENDINGS))]}")  # fmt: skip
    return found
