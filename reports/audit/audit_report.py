"""The report of an audit: a Markdown page, and a picture of how well single features find each type."""

from collections.abc import Iterator
from pathlib import Path

from bench.audit.verdict import Check, Verdict
from bench.host.texts import markdown
from reports.audit.audit_figure import draw
from reports.wording import count

PAGE, PICTURE = "audit.md", "audit.png"
TITLES = {
    "identity": "Only records in the truth differ from the clean twin",
    "bookkeeping": "Bookkeeping does not reveal anomalies",
    "triviality": "No single feature finds a type",
    "amounts": "As many anomalies as requested, in the requested mix",
    "incidents": "Enough incidents of each type to judge it",
}


def write(verdict: Verdict, folder: Path) -> list[Path]:
    """Write `audit.json`, `audit.md` and, if single features were tested, `audit.png`; return their paths.

    Parameters
    ----------
    verdict
        Verdict of the audit.
    folder
        An existing folder.
    """
    verdict.write(folder)
    written = [folder / "audit.json", folder / PAGE]
    triviality = verdict.check("triviality")
    picture = triviality is not None and "roc_auc" in triviality.found
    (folder / PAGE).write_text("\n".join(_page(verdict, picture)) + "\n")
    if triviality is not None and picture:
        written.append(draw(triviality.found, verdict.fingerprint, folder / PICTURE))
    return written


def _page(verdict: Verdict, picture: bool) -> Iterator[str]:
    yield f"# Audit of world {verdict.fingerprint}: {verdict.light}"
    yield ""
    yield "| check | verdict | found |"
    yield "|---|---|---|"
    for check in verdict.checks:
        yield f"| {TITLES.get(check.name, check.name)} | {check.light} | {markdown('; '.join(check.lines))} |"
    if picture:
        yield from ("", "Each feature by itself as a detector of each type, ROC-AUC:", "", f"![audit]({PICTURE})")
    bookkeeping = verdict.check("bookkeeping")
    if bookkeeping is not None and bookkeeping.found.get("tests"):
        yield from ("", "## Bookkeeping", "", *_tests(bookkeeping))
    if bookkeeping is not None and bookkeeping.found.get("coverage"):
        yield from ("", "## What was tested", "", *_coverage(bookkeeping))


def _tests(check: Check) -> Iterator[str]:
    yield f"Boosted trees on bookkeeping alone; p by Holm, a leak below {check.found['alpha']:g}."
    yield ""
    yield "| records | type | positives | ROC-AUC | interval | p |"
    yield "|---|---|---:|---:|---:|---:|"
    for test in check.found["tests"]:
        between = f"{test['low']:.3f} to {test['high']:.3f}"
        auc, p = f"{test['roc_auc']:.3f}", f"{test['p_holm']:.2g}"
        yield f"| {test['problem']} | {test['type']} | {count(test['positives'])} | {auc} | {between} | {p} |"
    if check.found.get("leaks"):
        yield from (
            "",
            "By one mark:",
            "",
            "| records | type | mark | columns | ROC-AUC | p |",
            "|---|---|---|---|---:|---:|",
        )
    for leak in check.found.get("leaks", ()):
        if leak["mark"]:
            cells = f"{leak['mark']} | {', '.join(leak['columns'])} | {leak['roc_auc']:.3f} | {leak['p_holm']:.2g}"
            yield f"| {leak['problem']} | {leak['type']} | {cells} |"


def _coverage(check: Check) -> Iterator[str]:
    """Return which columns were tested, at which level and with which marks."""
    found = check.found
    yield (
        f"{found['columns_covered']} of {found['columns']} columns, in {found['looks_taken']} ways. Without a row: "
        + (", ".join(found["tables_without_rows"]) or "no table")
        + "."
    )
    yield ""
    yield "| column | level | what is tested |"
    yield "|---|---|---|"
    for column, levels in found["coverage"].items():
        for level, ways in levels.items():
            yield f"| {column} | {level} | {', '.join(ways)} |"
        if not levels:
            yield f"| {column} | | nothing |"
