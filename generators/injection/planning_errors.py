"""Errors of an injector that cannot plan its incidents."""

from collections.abc import Mapping

from bench.faults import Fault, SettingsError


class NoRoom(Exception):  # noqa: N818 - it is no fault of the program, but of the settings
    """Normal life has no room for the requested incidents."""


class NotInRecords(Exception):  # noqa: N818 - it names what is wanted, not what is wrong
    """An injector needs something that call records do not contain."""


class TypesRefused(SettingsError):  # noqa: N818 - it says what is refused
    """Some types of anomaly cannot be planned; the others may be without them."""

    def __init__(self, faults: list[Fault], reasons: Mapping[str, str]) -> None:
        super().__init__(faults)
        self.reasons = dict(reasons)
        """Why each of the types is refused."""
