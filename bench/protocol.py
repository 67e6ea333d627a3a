"""Which part of the data a detector is fitted on, and which it scores."""

from dataclasses import replace

from bench.dataset import Dataset, Window
from bench.faults import UserError
from bench.settings import ProtocolSettings

DAY_MS = 86_400_000
WEEK = 7


def applied(dataset: Dataset, protocol: ProtocolSettings) -> Dataset:
    """Return the data set with its history and window set.

    `split` fits on the first `fit_share` of the days, rounded to whole weeks when there are two or more weeks (so that
    both parts have weekends), else to whole days; at least one is left on either side.

    Raises
    ------
    UserError
        When there are too few days to split.
    """
    clock = dataset.clock
    whole = Window(clock.start_ms, clock.end_ms)
    if protocol.name == "transductive":
        return replace(dataset, history=whole, window=whole)
    days = (clock.end_ms - clock.start_ms) / DAY_MS
    unit = WEEK if days >= 2 * WEEK else 1
    parts = days / unit
    if parts < 2:
        raise UserError(f"protocol.name=split needs at least 2 days of data, got {days:g}")
    fitted = min(max(int(parts * protocol.fit_share + 0.5), 1), int(parts - 0.5))
    border = clock.start_ms + fitted * unit * DAY_MS
    return replace(dataset, history=Window(whole.start_ms, border), window=Window(border, whole.end_ms))
