"""Why an injector cannot plan its incidents."""

from collections.abc import Mapping

from bench.faults import Fault, SettingsError


class NoRoom(Exception):  # noqa: N818 - it is no fault of the program, but of the settings
    """Normal life has no room for the incidents that an injector is asked for."""


class NotInRecords(Exception):  # noqa: N818 - it names what is wanted, not what is wrong
    """An injector asks for something that call records do not show."""


class TypesRefused(SettingsError):  # noqa: N818 - it says what is refused
    """Some types of anomaly cannot be planned; without them the others may be."""

    def __init__(self, faults: list[Fault], reasons: Mapping[str, str]) -> None:
        super().__init__(faults)
        self.reasons = dict(reasons)
        """Why each of the types is refused."""
