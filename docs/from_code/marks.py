"""What the audit tests in each column."""

from bench.audit.marks.marks_report import listed


def markdown() -> str:
    """Return a table with a row for each column of the data."""
    return "\n".join(listed())
