"""[worker]: what the worker does by itself, and when."""

from dataclasses import dataclass

from redumbrella.errors import SettingsError
from redumbrella.settings.schedule import Schedule, read_schedule
from redumbrella.settings.section import Section

_NIGHTLY = read_schedule("every day at 03:00")


@dataclass(frozen=True)
class WorkerPlan:
    """run: when everything is brought up to date: read, learned, scored, listed. ingest: when new
    rows are read and the leads that they are about scored again; None: only with `run`.
    """

    run: Schedule | None = _NIGHTLY
    ingest: Schedule | None = None


def read_worker(section: Section) -> WorkerPlan:
    """The section [worker]; its problems are noted in the section."""
    default = WorkerPlan()
    run = _schedule(section, "run", default.run)
    ingest = _schedule(section, "ingest", default.ingest)
    section.finish()
    return WorkerPlan(run, ingest)


def _schedule(section: Section, key: str, default: Schedule | None) -> Schedule | None:
    text = section._get(key, 'a time such as "every day at 03:00", or "never"', str)
    if text is None:
        return default
    if text.strip().casefold() == "never":
        return None
    try:
        return read_schedule(text)
    except SettingsError as problem:
        section.problem(f"{key}: {problem.message}")
        return default
