"""The columns that each mark is about: marks of order (`ORDER`), agreement (`AGREEMENTS`) and content (`CONTENTS`).

Each entry is the name of a mark with its columns, written as `table: column column; table: column`, for each level.
`ALONE` lists the columns that no other one has to agree with. Marks of the digits and words of one column (such as
`events.time_stamp.parity`) follow from its type, and are not listed here: `marks_list.forms_of`. `marks_list` makes the
list of all marks.
"""

from bench.audit.marks.row_levels import RowLevel

ORDER = {
    RowLevel.CALL: {
        "number_minus_row": "calls: call_id",
        "number_mod_10": "calls: call_id",
        "number_mod_16": "calls: call_id",
        "out_of_order": "calls: call_start_ts",
        "place_in_second": "calls: call_start_ts",
        "start_second": "calls: call_start_ts",
        "duration_second": "calls: call_duration",
        "duration_parity": "calls: call_duration",
        "talk_millisecond": "events: time_stamp",
        "talk_zeros": "events: time_stamp",
        "talk_last_two_digits": "events: time_stamp",
        "talk_parity": "events: time_stamp",
        "delay_parity": "events: received_at time_stamp",
        "delay": "events: received_at time_stamp",
        "caller_imei_number": "calls: caller_imei",
        "caller_imei_type_code": "calls: caller_imei",
        "caller_imsi_number": "calls: caller_imsi",
        "callee_imsi_number": "calls: callee_imsi",
    },
    RowLevel.USER: {
        "row_of_user": "users: user_id",
        "row_in_user_status": "user_status: user_id",
        "place_among_caller_id": "calls: caller_id",
        "place_among_caller_imei": "calls: caller_imei",
        "place_among_caller_imsi": "calls: caller_imsi",
        "user_id_number": "users: user_id",
        "user_id_mod_10": "users: user_id",
        "user_id_mod_16": "users: user_id",
        "phone_number_number": "users: phone_number",
        "phone_number_mod_10": "users: phone_number",
        "phone_number_mod_16": "users: phone_number",
        "imei_number": "users: imei",
        "imei_mod_10": "users: imei",
        "imei_mod_16": "users: imei",
        "imsi_number": "users: imsi",
        "imsi_mod_10": "users: imsi",
        "imsi_mod_16": "users: imsi",
        "imei_type_code": "users: imei",
    },
}  # fmt: skip
"""Marks of order, position and digits."""

AGREEMENTS = {
    RowLevel.CALL: {
        "end=start+duration": "calls: call_start_ts call_end_ts call_duration",
        "talk_only_if_answered": "calls: call_duration outcome",
        "cells_and_handovers": "calls: first_cell_id last_cell_id handovers",
        "cells_known": "calls: first_cell_id last_cell_id; cells: cell_id",
        "caller_imsi_and_inventory": "calls: caller_id caller_imsi; subscriptions: user_id imsi valid_from valid_to",
        "caller_imei_and_inventory": "calls: caller_id caller_imei; subscriptions: user_id imei valid_from valid_to",
        "imsi_with_imei_in_inventory": "calls: caller_imsi caller_imei; subscriptions: imsi imei",
        "callee_imsi_and_inventory": "calls: callee_id callee_imsi; subscriptions: user_id imsi",
        "callee_number_and_inventory": "calls: callee_id callee_number; subscriptions: user_id phone_number",
        "callee_usual_number": "calls: callee_id callee_number",
        "callee_usual_imsi": "calls: callee_id callee_imsi",
        "callee_usual_type": "calls: callee_id callee_type",
        "has_events": "calls: call_id; events: session_id",
        "events_in_order_of_calls": "calls: call_id; events: session_id",
        "events_in_order": "events: time_stamp state",
        "received_after_sent": "events: time_stamp received_at",
        "states_in_order": "events: state cause",
        "cause_only_of_failures": "events: state cause",
        "cause_and_coverage": "events: cause tower_id cell_id power_dbm",
        "outcome_and_last_event": "calls: outcome; events: state cause",
        "caller_and_events": "calls: caller_id; events: caller_id",
        "start_and_events": "calls: call_start_ts; events: call_start",
        "one_call_start": "events: call_start session_id",
        "connected_after_start": "events: call_start time_stamp",
        "end_and_last_event": "calls: call_end_ts; events: time_stamp",
        "talk_and_duration": "calls: call_duration; events: time_stamp",
        "duration_in_events": "calls: call_duration; events: duration state",
        "first_cell_and_events": "calls: first_cell_id; events: cell_id",
        "last_cell_and_events": "calls: last_cell_id; events: cell_id",
        "handovers_and_events": "calls: handovers; events: state",
        "tower_of_cell": "events: cell_id tower_id; cells: cell_id tower_id",
        "previous_tower": "events: state previous_tower_id tower_id",
        "previous_connection": "events: state previous_connection_duration time_stamp",
        "place_on_map": "events: x y; coverage: x y",
    },
    RowLevel.USER: {
        "number_of_user": "users: user_id phone_number; subscriptions: user_id phone_number",
        "imsi_of_user": "users: user_id imsi; subscriptions: user_id imsi",
        "imei_of_user": "users: user_id imei; subscriptions: user_id imei",
        "created_when_valid": "users: creation_date; subscriptions: valid_from",
        "periods_in_order": "subscriptions: valid_from valid_to",
        "home_cell_known": "users: home_cell_id; cells: cell_id",
        "unique_identifiers": "users: user_id phone_number imsi imei",
    },
    RowLevel.DAY: {
        "calls_of_day": "user_status: user_id window_start calls; calls: caller_id call_start_ts",
        "failures_of_day": "user_status: user_id window_start failures; calls: caller_id outcome",
        "live_when_calling": "user_status: state; calls: call_start_ts call_end_ts",
        "day_place_on_map": "user_status: x y; coverage: x y",
        "day_cell_and_map": "user_status: x y cell_id; coverage: x y cell_id",
        "day_power_and_map": "user_status: x y power_dbm; coverage: x y power_dbm",
        "day_begins_at_midnight": "user_status: window_start",
    },
    RowLevel.QUARTER: {
        "tower_of_quarter": "tower_status: cell_id tower_id; cells: cell_id tower_id",
        "quarter_on_the_clock": "tower_status: window_start",
        "sessions_and_events": "tower_status: cell_id window_start sessions; events: cell_id time_stamp state",
        "hellos_and_events": "tower_status: hellos; events: state cause",
        "fails_and_events": "tower_status: fails; events: cause",
        "timeouts_and_events": "tower_status: timeouts; events: cause",
        "drops_and_events": "tower_status: drops; events: cause",
        "handovers_and_reconnects": "tower_status: handovers_in; events: state",
        "handed_on_to_others": "tower_status: handovers_out; events: state cell_id",
        "attempts_and_events": "tower_status: setup_attempts; events: cell_id session_id",
        "state_and_share": "tower_status: state failure_share hellos",
        "share_of_hellos": "tower_status: failure_share fails timeouts hellos",
        "whole_setups": "tower_status: setup_success setup_attempts",
        "share_of_handovers": "tower_status: handover_success handovers_out",
        "traffic_in_milliseconds": "tower_status: traffic_erlang",
        "live_sessions_and_events": "tower_status: live_sessions; events: cell_id time_stamp state",
        "traffic_and_live_sessions": "tower_status: traffic_erlang live_sessions sessions",
        "ended_sessions": "tower_status: mean_session_s sessions live_sessions; events: previous_connection_duration",
    },
}  # fmt: skip
"""Facts that are stated in two places."""

CONTENTS = {
    RowLevel.CALL: {
        "time_of_day": "calls: call_start_ts",
        "talk_time": "calls: call_duration",
        "usual_callee": "calls: callee_id",
        "callee_kind": "calls: callee_type",
        "usual_first_cell": "calls: first_cell_id",
        "usual_last_cell": "calls: last_cell_id",
        "last_cell": "calls: last_cell_id",
        "handovers": "calls: handovers",
        "usual_device": "calls: caller_imei",
        "usual_sim": "calls: caller_imsi",
        "power_and_map": "events: power_dbm x y; coverage: power_dbm",
        "cell_and_map": "events: cell_id x y; coverage: cell_id",
        "failed_hellos": "events: cause state",
        "setup_time": "events: call_start time_stamp",
        "ring_time": "calls: call_end_ts; events: time_stamp",
    },
}  # fmt: skip
"""Contents of a call, expressed so that they do not identify the caller."""

ALONE = "users: user_type call_pattern; coverage: cells_heard; cells: latitude longitude area_type tower_type cgi"
"""Columns that no other column repeats: only their form, and equality with the clean twin, can be tested."""
