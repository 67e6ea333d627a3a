"""The clean-twin check: how many alerts a detector raises in the same world without incidents.

The clean twin has exactly the same normal calls. Alerts there, at the same threshold, are false alarms by construction.
If they are many more, or fewer, than the false alarms in the world itself, incidents affect the scores of normal
records.
"""

from dataclasses import replace

from bench.detector import Level
from bench.evaluation.cut import expected_alerts
from bench.evaluation.run_outcome import Outcome
from bench.faults import Fault, SettingsError
from bench.runs.request import Request
from bench.runs.run_folder import TWIN
from bench.runs.steps import attempted, begun, prepared


def with_twin(request: Request, outcome: Outcome) -> Outcome:
    """Fit and score the detector in the clean twin, and add `twin_alerts/all` at its level to the result.

    If the detector fails there, the value is empty, and the reason of the result explains it.

    Raises
    ------
    SettingsError
        When the world has no clean twin.
    """
    settings = request.settings
    if not hasattr(settings.generator, "anomaly_ratio"):
        raise SettingsError([Fault("twin", "be false where the world is not simulated", True)])
    if outcome.alerts is None or outcome.scores is None:
        return outcome
    clean = replace(settings, generator=replace(settings.generator, anomaly_ratio=0.0))
    twin = replace(request, settings=clean, folder=request.folder / TWIN)
    twin.folder.mkdir()
    with begun(twin) as process:
        trial = attempted(twin, prepared(twin, process), process)
    level = outcome.scores.level
    name = f"{'' if level is Level.CALL else f'{level}/'}twin_alerts/all"
    alerts = None if trial.scores is None else expected_alerts(trial.scores.values, outcome.alerts.cut)
    reason = "" if trial.scores is not None else f"{name} is empty: in the clean twin {trial.status}: {trial.reason}"
    result = replace(outcome.result, values=outcome.result.values | {name: alerts}, reason=reason)
    return replace(outcome, result=result)
