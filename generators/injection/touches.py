"""What types of anomaly change, or choose calls by, in the terms of `bench.audit.marks.looks.TOUCHABLE`.

Everything else has to look like the actor's normal calls, in every table: audits test it. A word is a column that says
what a call is about, the name of something said twice that the type lets differ, or a table of which rows of actors
change.
"""

WHEN = ("call_start_ts",)
TALK = ("call_duration", "last_cell_id", "handovers")
"""Who talks longer gets farther."""
WHOM = ("callee_id", "callee_type")
WHERE = ("first_cell_id", "last_cell_id", "handovers", "events.x", "events.y", "events.cause", "events.call_start")
"""Place, and what calls come up against there: refused Hellos, and the time that they take."""
NEW_USERS = ("users", "subscriptions", "caller_imei", "caller_imsi")
"""Subscribers whom nobody knew before: what is usual for them is what they do now."""
ALL_OF_A_CALL = (*WHEN, *TALK, *WHOM, *WHERE)
"""Calls of somebody else's, with SIM and device as they were."""
OTHER_DEVICE = ("subscriptions", "caller_imei", "caller_imei_and_inventory", "imsi_with_imei_in_inventory")
OTHER_SIM = (*OTHER_DEVICE, "caller_imsi", "caller_imsi_and_inventory")
