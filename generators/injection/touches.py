"""Groups of words with which an anomaly type declares what it changes in a call, or selects calls by (`touches`).

The audit tests that everything else is as in the actor's normal calls, in every table. A word is a column with the
content of a call, the name of an agreement between tables that the type breaks, or a table in which rows of actors
change; `bench.audit.marks.marks_list.TOUCHABLE` has all of them.
"""

WHEN = ("call_start_ts",)
TALK = ("call_duration", "last_cell_id", "handovers")
"""The talk time, and what follows from it: callers who talk longer move farther."""
WHOM = ("callee_id", "callee_type")
WHERE = ("first_cell_id", "last_cell_id", "handovers", "events.x", "events.y", "events.cause", "events.call_start")
"""The place of a call, and what depends on it: refused Hellos, and the time that they take."""
RINGING = ("call_end_ts", "end=start+duration")
"""How long the call rings; one that is lost rings for less. Without a network, the end of the record shows it."""
NEW_USERS = ("users", "subscriptions", "caller_imei", "caller_imsi")
"""Subscribers not seen before, who have no earlier habits to be compared with."""
ALL_OF_A_CALL = (*WHEN, *TALK, *WHOM, *WHERE)
"""Everything about a call except the SIM and the device."""
OTHER_DEVICE = ("subscriptions", "caller_imei", "caller_imei_and_inventory", "imsi_with_imei_in_inventory")
OTHER_SIM = (*OTHER_DEVICE, "caller_imsi", "caller_imsi_and_inventory")
