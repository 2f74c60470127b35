"""The model report on one screen of the terminal: verdict first, then what it rests on."""

from typing import TYPE_CHECKING

from redumbrella.cli.terminal import pasted
from redumbrella.cli.text import console, plain_table, print_trust
from redumbrella.figures import MISSING, count, counted, decimal, iso_day, percent
from redumbrella.reports.measures import MeanError
from redumbrella.reports.model import Leak, ReportDocument, Stability
from redumbrella.reports.wording import products_examined, said_first
from redumbrella.views.models import ModelReport
from redumbrella.views.trust import trust_in
from redumbrella.views.worth import sentences_about

if TYPE_CHECKING:
    from rich.table import Table

_SHOWN_FIELDS = 8
_WIDE = 134  # columns that the families need with their errors on one line
_SHOWN_LEAKS = 5


def print_report(report: ModelReport, timezone: str) -> None:
    """Prints the summary, days in the workspace's time zone; `umbrella train` ends with it too."""
    output = console()
    document = report.document
    trust = trust_in(report.facts, report.facts.target)
    print_trust(trust)
    for line in said_first(document, timezone):
        output.print(pasted(line), soft_wrap=True)
    lines = [f"  - {reason}" for reason in trust.further_reasons]
    if document["regime_reason"] not in trust.reasons:
        lines.append(document["regime_reason"])
    lines += [_counts(document, timezone), _chosen(report)]
    for line in lines:
        output.print(pasted(line), soft_wrap=True)
    output.print(families_table(document, narrow=output.width < _WIDE))
    closing = [_past(document), _out_of_time(document), _stability(document), _rests_on(document)]
    closing += document["level"]["words"] if "level" in document else []
    closing += [" ".join(sentences_about(document.get("values"))), *_leaks(document)]
    if document["products"] is not None:
        closing.append(products_examined(document["products"]) + " See them: umbrella products")
    closing += [
        f"Criterion {gate['name']}: required {decimal(gate['required'], 3)}, measured "
        f"{decimal(gate['measured'], 3)}: {'met' if gate['passed'] else 'NOT met'}."
        for gate in document["gates"]
    ]
    closing += [f"Note: {note}" for note in document["notes"]]
    closing.append("Everything, with charts: umbrella report --format html")
    for line in closing:
        if line:
            output.print(pasted(line), soft_wrap=True)


def families_table(document: ReportDocument, *, narrow: bool = False) -> "Table":
    """The families on the same folds, with standard errors; the one in use is marked.

    `narrow` puts the errors on a second line, for a terminal of 80 columns.
    """
    gap = "\n± " if narrow else " ± "
    table = plain_table()
    table.add_column("Family")
    for heading in ("Log loss", "To best", "AUC", "Avg. precision", "Brier", "Cal. error"):
        table.add_column(heading, justify="right")
    for family in document["families"]:
        mark = " *" if family["chosen"] else ""
        table.add_row(
            family["label"] + mark,
            _figure(family["log_loss"], 4, gap),
            _figure(family["difference_to_best"], 4, gap),
            _figure(family["auc"], 3, gap),
            _figure(family["average_precision"], 3, gap),
            _figure(family["brier"], 4, gap),
            _figure(family["calibration_error"], 4, gap),
            style="bold" if family["chosen"] else None,
        )
    return table


def _figure(metric: MeanError, digits: int, gap: str) -> str:
    if metric["mean"] is None:
        return MISSING
    error = "" if metric["se"] is None else gap + decimal(metric["se"], digits)
    return decimal(metric["mean"], digits) + error


def _counts(document: ReportDocument, timezone: str) -> str:
    counts, period = document["counts"], document["period"]
    when = (
        "in the order of rows"
        if period["order"] == "rows"
        else f"{iso_day(period['first'], timezone)} to {iso_day(period['last'], timezone)}"
    )
    rate = f" ({percent(counts['won'] / counts['closed'])})" if counts["closed"] else ""
    rejected = (
        f", {counted(counts['rejected_rows'], 'row')} set aside" if counts["rejected_rows"] else ""
    )
    held = f", {count(document['held_out'])} held out" if document["held_out"] else ""
    if counts.get("about") == "people":
        return (
            f"{count(counts['closed'])} rows of people at regular instants, {when}: "
            f"{count(counts['won'])} yes{rate}. {count(counts['open'])} people to score{rejected}."
        )
    return (
        f"{counted(counts['leads'], 'lead')}, {when}: {count(counts['won'])} of "
        f"{count(counts['closed'])} closed ones won{rate}, {count(counts['open'])} open"
        f"{held}{rejected}."
    )


def _chosen(report: ModelReport) -> str:
    blend = report.document["chosen"]["blend"]
    labels: dict[str, str] = {row["family"]: row["label"] for row in report.document["families"]}
    mixed = (
        " It mixes "
        + ", ".join(f"{labels.get(name, name)} {percent(w, 0)}" for name, w in blend.items())
        + "."
        if blend
        else ""
    )
    return f"* In use: {report.facts.label}. {report.document['chosen']['why']}{mixed}"


def _past(document: ReportDocument) -> str:
    trials = document["forgetting"]["trials"] if document["forgetting"] else []
    used = [trial["label"] for trial in trials if trial.get("chosen")]  # older reports do not say
    return f"{used[0]} ({len(trials)} ways to weigh the past were tried)." if used else ""


def _out_of_time(document: ReportDocument) -> str:
    late = document["out_of_time"]
    if late is None:
        return ""
    return (
        f"Out of time ({count(late['rows'])} leads, {count(late['won'])} won): log loss "
        f"{decimal(late['log_loss']['value'])} against {decimal(late['prior_log_loss']['value'])} "
        f"of the average rate; AUC {decimal(late['auc']['value'], 3)}, calibration error "
        f"{decimal(late['calibration_error']['value'], 3)}."
    )


def _stability(document: ReportDocument) -> str:
    stability = document["stability"]
    if stability is None:
        return ""
    auc = stability["auc"]
    return (
        f"{stability['repeats']} random splits{_of_leads(stability)}, "
        f"{percent(stability['train_share'], 0)} to learn from: AUC {decimal(auc['mean'], 3)}, "
        f"between {decimal(auc['low'], 3)} and {decimal(auc['high'], 3)}."
    )


def _of_leads(stability: Stability) -> str:
    return f" of {count(stability['rows'])} leads" if "rows" in stability else ""


def _rests_on(document: ReportDocument) -> str:
    shown = document["importance"][:_SHOWN_FIELDS]
    if not shown:
        return ""
    return "Rests on: " + ", ".join(f"{i['label']} {percent(i['share'], 0)}" for i in shown) + "."


def _leaks(document: ReportDocument) -> list[str]:
    lines = [_leak(leak) for leak in document["leaks"][:_SHOWN_LEAKS]]
    hidden = len(document["leaks"]) - len(lines)
    return lines + ([f"{hidden} more leaks: see umbrella report --format html"] if hidden else [])


def _leak(leak: Leak) -> str:
    what = "Leak" if leak["severity"] == "leak" else "Suspected leak"
    used = leak["severity"] == "suspect" or leak["kept"]
    treated = "used all the same" + (" (keep)" if leak["kept"] else "") if used else "not used"
    return f"{what}: {leak['column']}, {treated}: {leak['evidence']}"
