"""Why an injector cannot plan its incidents."""


class NoRoom(Exception):  # noqa: N818 - it is no fault of the program, but of the settings
    """Normal life has no room for the incidents that an injector is asked for."""


class NotInRecords(Exception):  # noqa: N818 - it names what is wanted, not what is wrong
    """An injector asks for something that call records do not show."""
