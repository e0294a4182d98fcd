"""The call's states as data: what may happen in each, what is done, what comes next and what the display then says.

A row is (state, event, action, next, display). The engine looks for the row of its state, then for one of state
"*"; an event with no row changes nothing and is counted. An action is a method of `call.engine.Engine`; the event it
returns, if any, is handled next. `display` is a key of `panel.texts`; an empty one leaves the display as it is.
"""

IDLE = "idle"

STATES = (
    "idle", "language", "pin", "dial", "check", "quote",
    "ringing", "notice", "accepted", "talking", "wrap-up",
)  # fmt: skip

TABLE = (
    # before a number is known: nothing is on the record
    ("idle", "lift", "begin", "language", "language"),
    ("idle", "refresh", "", "idle", "idle"),
    ("language", "key", "choose_language", "language", ""),
    ("language", "chosen", "", "pin", "person"),
    ("pin", "key", "type_person", "pin", ""),
    ("pin", "person-typed", "", "pin", "pin"),
    ("pin", "pin-typed", "ask_pin", "pin", "pin-check"),
    ("pin", "pin-good", "", "dial", "dial"),
    ("pin", "pin-bad", "refuse_pin", "pin", "pin-bad"),
    ("pin", "again", "", "pin", "person"),
    ("pin", "protected", "choose_protected", "check", "check"),
    ("dial", "key", "type_number", "dial", ""),
    ("dial", "dialled", "check_number", "check", "check"),
    ("check", "checked", "", "quote", "quote"),
    ("check", "protected", "place_call", "ringing", "ringing"),
    ("check", "refused", "", "wrap-up", "refused-number"),
    ("quote", "key", "place_call", "ringing", "ringing"),
    # the call is on the record from here on (a protected one never is)
    ("ringing", "prepare", "open_record", "ringing", "ringing"),
    ("ringing", "ringing", "", "ringing", ""),
    ("ringing", "failed", "end_failed", "wrap-up", "ended"),
    ("ringing", "answered", "start_notice", "notice", "notice"),
    ("ringing", "timeout", "end_unanswered", "wrap-up", "ended"),
    ("notice", "notice-played", "finish_notice", "notice", "waiting"),
    ("notice", "failed", "end_failed", "wrap-up", "ended"),
    ("notice", "resumed", "start_notice", "notice", "notice"),
    ("notice", "accepted", "weigh_acceptance", "notice", ""),
    ("notice", "may-talk", "accept", "accepted", "accepted"),
    ("notice", "timeout", "end_silent", "wrap-up", "ended"),
    # "accepted" lasts for one action: what comes from outside meets "notice" before it or "talking" behind it
    ("accepted", "bridged", "", "talking", "talking"),
    ("accepted", "failed", "end_failed", "wrap-up", "ended"),
    ("talking", "stopped", "stop_recording", "talking", "talking"),
    ("talking", "warn", "warn_time", "talking", ""),
    ("talking", "timeout", "end_time", "wrap-up", "ended"),
    # what may happen at several places
    ("ringing", "hang-up", "end_by_caller", "wrap-up", "ended"),
    ("notice", "hang-up", "end_by_caller", "wrap-up", "ended"),
    ("talking", "hang-up", "end_by_caller", "wrap-up", "ended"),
    ("ringing", "ended", "end_by_far", "wrap-up", "ended"),
    ("notice", "ended", "end_by_far", "wrap-up", "ended"),
    ("talking", "ended", "end_by_far", "wrap-up", "ended"),
    ("wrap-up", "hang-up", "rest", "wrap-up", ""),
    ("wrap-up", "lift", "begin", "language", "language"),
    ("wrap-up", "timeout", "clear", "idle", "idle"),
    ("*", "hang-up", "clear", "idle", "idle"),
    ("*", "timeout", "give_up", "wrap-up", "timeout"),
    ("*", "out-of-service", "clear", "wrap-up", "no-service"),
)

# How long a state may last in milliseconds: long enough for a slow reader, short enough that a phone left off the
# hook comes back. "ringing" and "talking" are the policy's, named here as the defaults without one.
LIMITS_MS = {
    "language": 60_000,
    "pin": 60_000,
    "dial": 60_000,
    "check": 5_000,
    "quote": 60_000,
    "ringing": 45_000,
    "notice": 60_000,  # the prompts, then the called party's decision; after it the end reason is "silent"
    "talking": 900_000,
    "wrap-up": 3_000,  # counted from the handset's return
}

# States in which a record may be open, so that a lost link or a reset has something to end.
IN_CALL = ("ringing", "notice", "accepted", "talking")


def row(state: str, event: str) -> tuple[str, str, str, str, str] | None:
    """The row that answers `event` in `state`, the state's own before the general one; None if there is none."""
    general = None
    for entry in TABLE:
        if entry[1] == event:
            if entry[0] == state:
                return entry
            if entry[0] == "*":
                general = entry
    return general
