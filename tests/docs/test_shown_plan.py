"""The `plan` that CONTRIBUTING explains line by line is that of a type that ships."""

import inspect
import textwrap

from shown_commands import ROOT

from generators.anomalies.call_forwarding import CallForwarding


def test_the_plan_that_contributing_explains_is_the_code() -> None:
    """Covers the section "Add a type of anomaly": after a change of the code, the page is changed with it."""
    assert textwrap.dedent(inspect.getsource(CallForwarding.plan)) in (ROOT / "CONTRIBUTING.md").read_text()
