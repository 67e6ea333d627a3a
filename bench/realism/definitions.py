"""What each quantity counts, in the published source and in our measure."""

from dataclasses import dataclass, fields

MADE, MADE_OR_RECEIVED = "calls made", "calls made or received"
IN, OUT = "missed calls in", "missed calls out"
CLOCK_HOURS, SLIDING_HOURS = "clock hours", "sliding hours"
PARTICIPANTS = "calls between participants"
LOCAL, FILES_OWN = "local time", "the file's own clock"
ELEVEN, THIRTY_ONE = "users with 11 calls or more", "users with 31 calls or more"


@dataclass(frozen=True)
class Definition:
    """What a quantity counts; a field is empty where it makes no difference, or where the source does not say.

    Example
    -------
    >>> str(Definition(whose=MADE, missed=IN, hours=CLOCK_HOURS))
    'calls made; missed calls in; clock hours'
    """

    among: str = ""
    """Which calls are counted: `PARTICIPANTS`, those that users of the network make to each other."""
    whose: str = ""
    """Which calls belong to a user: `MADE`, or `MADE_OR_RECEIVED`."""
    missed: str = ""
    """Whether missed calls are included: `IN` or `OUT`."""
    hours: str = ""
    """Definition of an hour: from full hour to full hour (`CLOCK_HOURS`), or any 3,600 s (`SLIDING_HOURS`)."""
    users: str = ""
    """Which users are counted: those with so many calls."""
    clock: str = ""
    """Clock that defines the hour of the day."""
    period: str = ""
    """Duration of the recording."""

    def __str__(self) -> str:
        """Describe the definition in words."""
        return "; ".join(text for each in fields(self) if (text := getattr(self, each.name)))


NOT_SAID = Definition()
"""No definition beyond the name of the quantity."""
