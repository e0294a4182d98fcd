"""The call engine against a gateway that errs, a caller who hangs up anywhere, and a link that drops."""

import check
from call import RefusedError, table
from fakes import CALL_ID, Board, Phone
from panel import texts

_WALKED = set()
_find_row = table.row


def _walk(state, event):
    row = _find_row(state, event)
    if row is not None:
        _WALKED.add(row)
    return row


table.row = _walk  # `check` runs the tests by name: the last one looks at what the others have walked


def test_table_names_only_states_actions_and_texts_that_exist():
    from call.engine import Engine

    for state, _event, action, following, display in table.TABLE:
        assert state in table.STATES or state == "*", state
        assert following in table.STATES, following
        assert not action or hasattr(Engine, action), action
        assert not display or display in texts.TEXTS, display
    reached = {row[3] for row in table.TABLE}
    assert all(state in reached for state in table.STATES)


def test_every_text_has_four_rows_that_fit():
    for key, pair in texts.TEXTS.items():
        for text in pair:
            rows = text.split("|")
            check.equal(len(rows), 4)
            for row in rows:
                assert len(row) <= 20 or "{" in row, key
    for pairs in (texts.STATUS, texts.REASONS):
        for pair in pairs.values():
            assert len(pair[0]) <= 20
            assert len(pair[1]) <= 20


def test_the_first_display_overwrites_what_a_reset_left_there():
    from panel.display import Front

    board = Board()
    board.rows = ["left over".center(20)] * 4
    engine = Phone().engine
    Front(board).show("no-service", "en", engine)
    check.equal([row.strip() for row in board.rows], ["PHONE NOT IN SERVICE", "", "Please try later", ""])


def test_a_call_goes_through_its_states_in_the_order_of_the_promises():
    phone = Phone()
    phone.to_talking()
    check.equal(phone.engine.state, "talking")
    check.equal(phone.rows()[0], "RECORDED")
    check.equal(phone.board.lit, phone.board.LAMP_RED)
    order = [entry for entry in phone.log if entry in ("open", "send dial", "send notice-done", "accept", "bridge")]
    check.equal(order, ["send dial", "open", "send notice-done", "accept", "bridge"])
    phone.wait(5000)
    phone.engine.handle("hang-up")
    assert "close caller-hangup 5000" in phone.log
    check.equal([n["completed_at"] for n in phone.engine.call.notices], [1_700_000_000_000] * 2)
    check.equal(phone.board.lit, phone.board.LAMP_OFF)
    check.equal(phone.rows(), ["RECORDED", "Call ended", "You hung up", "Cost $0.12"])
    phone.wait(3100)
    check.equal(phone.engine.state, "idle")
    check.equal(phone.rows()[0], "SEALINE")


def test_the_quote_is_shown_before_anything_is_sent():
    phone = Phone()
    phone.to_quote()
    check.equal(phone.rows(), ["RECORDED", "$0.06 a minute", "Any key: call", "Hang up: no cost"])
    assert "send dial" not in phone.log
    phone.engine.handle("hang-up")
    assert "open" not in phone.log
    check.equal(phone.engine.state, "idle")


def test_an_acceptance_before_the_notice_is_ignored():
    phone = Phone()
    phone.to_ringing()
    for state in ("accepted", "ringing", "accepted"):
        phone.gateway("progress", state=state)
    check.equal(phone.engine.state, "ringing")
    phone.gateway("progress", state="answered")
    phone.gateway("progress", state="accepted")
    phone.wait(500)
    check.equal(phone.engine.state, "notice")
    assert "accept" not in phone.log
    assert "bridge" not in phone.log
    phone.voice.played = True
    phone.wait(20)
    check.equal(phone.engine.state, "notice")
    phone.gateway("progress", state="accepted")
    check.equal(phone.engine.state, "talking")


def test_the_gateway_cannot_choose_a_state():
    for state in ("ringing", "answered", "accepted"):
        phone = Phone()
        phone.to_quote()
        phone.gateway("progress", state=state)
        check.equal(phone.engine.state, "quote")
        assert "bridge" not in phone.log


def test_another_calls_messages_change_nothing():
    phone = Phone()
    phone.to_waiting()
    phone.engine.message({"type": "progress", "call": bytes(16), "state": "accepted"})
    phone.engine.message({"type": "ended", "call": bytes(16), "reason": "busy"})
    check.equal(phone.engine.state, "notice")


def test_a_pin_result_that_was_not_asked_for_opens_nothing():
    phone = Phone()
    phone.engine.handle("lift")
    phone.gateway("pin-result", ok=True, language="en", wait_s=0)
    phone.keys("1")
    phone.gateway("pin-result", ok=True, language="en", wait_s=0)
    check.equal(phone.engine.state, "pin")
    phone.keys("1234#")
    phone.gateway("pin-result", ok=True, language="en", wait_s=0)
    check.equal(phone.engine.state, "pin")


def test_a_wrong_pin_makes_wait_and_starts_over():
    phone = Phone()
    phone.engine.handle("lift")
    phone.keys("2")
    phone.keys("1234#5678#")
    phone.gateway("pin-result", ok=False, language="es", wait_s=2)
    check.equal(phone.rows()[1], "Espere 2 s")
    phone.keys("9")
    check.equal(phone.rows()[1], "Espere 2 s")
    phone.wait(2000)
    phone.keys("9")
    phone.keys("1234#")
    check.equal(phone.rows()[0], "Su PIN, luego #")
    phone.keys("56")
    check.equal(phone.rows()[2], "**")


def test_a_pin_of_a_wrong_length_is_not_sent():
    phone = Phone()
    phone.engine.handle("lift")
    phone.keys("11234#567#")
    check.equal(phone.sent, [])
    check.equal(phone.rows()[0], "Wrong number or PIN")


def test_a_number_that_cannot_be_read_is_refused_not_dialled():
    phone = Phone()
    phone.to_quote("999")
    check.equal(phone.rows()[:2], ["Cannot call", "Not a valid number"])
    assert "send dial" not in phone.log
    assert "open" not in phone.log
    phone.engine.handle("hang-up")
    phone.engine.handle("lift")
    check.equal(phone.engine.state, "language")


def test_a_private_call_says_so_before_and_during_it():
    phone = Phone()
    phone.book.privilege = "directory"
    phone.to_quote()
    check.equal(phone.rows()[0], "PRIVATE")
    phone.keys("#")
    phone.wait(100)
    phone.gateway("progress", state="answered")
    check.equal(phone.rows()[0], "PRIVATE")
    check.equal(phone.board.lit, phone.board.LAMP_GREEN)
    phone.voice.played = True
    phone.wait(20)
    phone.gateway("progress", state="accepted")
    check.equal(phone.voice.recorded, False)


def test_a_key_that_cannot_be_made_turns_the_call_into_not_recorded():
    phone = Phone()
    phone.book.after_open = "doubt"
    phone.to_talking()
    check.equal(phone.rows()[0], "NOT RECORDED")
    check.equal(phone.board.lit, phone.board.LAMP_AMBER)


def test_a_recording_that_stops_is_said_and_the_call_goes_on():
    phone = Phone()
    phone.to_talking()
    phone.book.stopped = True
    phone.wait(20)
    check.equal(phone.engine.state, "talking")
    check.equal(phone.rows()[0], "NOT RECORDED")
    check.equal(phone.board.lit, phone.board.LAMP_AMBER)
    check.equal(phone.engine.call.privilege, "none")
    assert "tone stopped" in phone.log


def test_hanging_up_works_everywhere():
    def lifted(phone):
        phone.engine.handle("lift")

    def at_pin(phone):
        phone.engine.handle("lift")
        phone.keys("1")

    steps = (lifted, at_pin, Phone.to_quote, Phone.to_ringing, Phone.to_notice, Phone.to_waiting, Phone.to_talking)
    for step in steps:
        phone = Phone()
        step(phone)
        phone.engine.handle("hang-up")
        phone.wait(4000)
        check.equal(phone.engine.state, "idle")
        check.equal(phone.board.lit, phone.board.LAMP_OFF)
        opened = phone.log.count("open")
        closed = sum(1 for entry in phone.log if entry.startswith("close"))
        check.equal(opened, closed)
        if step in (Phone.to_ringing, Phone.to_notice, Phone.to_waiting):
            assert "close abandoned 0" in phone.log
            assert "bridge" not in phone.log


def test_every_end_that_the_far_side_has_is_recorded_with_its_reason():
    for reason in ("busy", "refused", "unanswered", "blocked", "trunk-failed"):
        phone = Phone()
        phone.to_ringing()
        phone.gateway("ended", reason=reason)
        check.equal(phone.log[-3:], ["close {} 0".format(reason), "quiet", "tone end"])
        assert "bridge" not in phone.log


def test_a_called_party_that_hangs_up_in_the_notice_ends_the_call():
    for step in (Phone.to_notice, Phone.to_waiting):
        phone = Phone()
        step(phone)
        phone.gateway("ended", reason="called-hangup")
        assert "close called-hangup 0" in phone.log
        assert "bridge" not in phone.log


def test_nobody_answers_and_nobody_accepts():
    phone = Phone()
    phone.to_ringing()
    phone.wait(45_100)
    assert "close unanswered 0" in phone.log
    phone = Phone()
    phone.to_waiting()
    phone.wait(60_100)
    assert "close silent 0" in phone.log


def test_the_time_limit_warns_twice_and_ends():
    phone = Phone()
    phone.to_talking()
    phone.wait(60_100)
    check.equal(phone.log.count("tone warning"), 1)
    check.equal(phone.rows()[3], "60 s left")
    phone.wait(50_000)
    check.equal(phone.log.count("tone warning"), 2)
    phone.wait(10_000)
    assert "close time-limit 120000" in phone.log


def test_a_link_that_comes_back_in_time_keeps_the_call():
    phone = Phone()
    phone.to_talking()
    phone.engine.link_down()
    phone.wait(1900)
    check.equal(phone.engine.call_id(), CALL_ID)
    phone.engine.link_up(CALL_ID)
    phone.wait(5000)
    check.equal(phone.engine.state, "talking")


def test_a_link_that_stays_away_ends_the_call_and_says_so():
    phone = Phone()
    phone.to_talking()
    phone.engine.link_down()
    phone.wait(2040)
    assert any(entry.startswith("close link-lost") for entry in phone.log)
    phone.engine.handle("hang-up")
    phone.wait(4000)
    check.equal(phone.rows()[:2], ["PHONE NOT IN SERVICE", "since 12:34 UTC"])
    phone.engine.handle("lift")
    check.equal(phone.engine.state, "wrap-up")
    phone.engine.link_up(None)
    phone.engine.handle("hang-up")
    phone.wait(4000)
    check.equal(phone.rows()[0], "SEALINE")


def test_a_gateway_that_forgot_the_call_ends_it():
    phone = Phone()
    phone.to_talking()
    phone.engine.link_down()
    phone.wait(500)
    phone.engine.link_up(None)
    assert any(entry.startswith("close gateway-lost") for entry in phone.log)
    check.equal(phone.engine.state, "wrap-up")


def test_a_notice_cut_by_the_link_is_played_again():
    phone = Phone()
    phone.to_notice()
    phone.engine.link_down()
    phone.voice.played = True
    phone.wait(500)
    assert not phone.engine.call.notice_done
    phone.engine.link_up(CALL_ID)
    check.equal(phone.log.count("notice"), 2)
    phone.voice.played = True
    phone.wait(20)
    check.equal(phone.log.count("send notice-done"), 1)
    phone.engine.link_down()
    phone.engine.link_up(CALL_ID)
    check.equal(phone.log.count("notice"), 2)
    check.equal(phone.log.count("send notice-done"), 2)


def test_a_protected_line_needs_no_pin_and_no_quote():
    phone = Phone()
    phone.engine.handle("lift")
    phone.keys("177#")
    check.equal(phone.engine.state, "ringing")
    check.equal(phone.sent[-1]["number"], "18005550199")
    check.equal(phone.rows()[0], "CONFIDENTIAL")
    assert all(message["type"] != "check-pin" for message in phone.sent)


def test_a_call_that_cannot_be_journalled_is_not_made():
    phone = Phone()
    phone.book.full = True
    phone.to_ringing()
    phone.wait(100)
    check.equal(phone.rows()[2], "Phone is full")
    assert "send hang-up" in phone.log
    phone = Phone()
    phone.book.full = True
    phone.to_ringing()
    phone.gateway("progress", state="answered")
    check.equal(phone.engine.state, "wrap-up")
    assert "notice" not in phone.log


def test_whatever_fails_at_the_opening_no_call_goes_on_without_its_record():
    for error in (MemoryError, ValueError, OSError):
        phone = Phone()

        def fail(_call, error=error):
            raise error("no")

        phone.book.open = fail
        phone.to_ringing()
        phone.wait(100)
        check.equal((phone.engine.state, phone.rows()[2]), ("wrap-up", "Phone is full"))
        phone.gateway("progress", state="answered")
        phone.voice.played = True
        phone.wait(60)
        phone.gateway("progress", state="accepted")
        assert "bridge" not in phone.log


def test_a_call_without_a_record_is_not_bridged():
    phone = Phone()
    phone.to_waiting()

    def refuse(_call):
        raise RefusedError("storage")

    phone.book.accept = refuse
    phone.gateway("progress", state="accepted")
    check.equal((phone.engine.state, phone.rows()[2]), ("wrap-up", "Phone is full"))
    assert "bridge" not in phone.log
    assert "close storage 0" in phone.log
    assert "send hang-up" in phone.log


def test_a_star_in_person_or_pin_is_wrong_and_not_sent():
    for keys in ("*1#1234#", "4711#*1234#"):
        phone = Phone()
        phone.engine.handle("lift")
        phone.keys("1" + keys)
        check.equal(phone.sent, [])
        check.equal(phone.rows()[0], "Wrong number or PIN")
        phone.keys("9")
        phone.keys("4711#1234#")
        check.equal(phone.sent, [{"type": "check-pin", "person": "4711", "pin": "1234"}])


def test_between_calls_slow_work_is_done_though_the_handset_never_rests():
    phone = Phone()
    for _ in range(3):
        phone.to_talking()
        check.equal(phone.engine.idle(), False)
        phone.engine.handle("hang-up")
        check.equal(phone.engine.idle(), True)
        phone.wait(1000)


def test_a_slow_caller_is_sent_off():
    for keys in ("", "1", "11234#"):
        phone = Phone()
        phone.engine.handle("lift")
        phone.keys(keys)
        phone.wait(61_000)
        check.equal(phone.rows()[0], "Too slow")


def test_an_unexpected_event_changes_nothing():
    phone = Phone()
    for event in ("accepted", "answered", "may-talk", "bridged", "stopped", "pin-good", "dialled", "no such event"):
        phone.engine.handle(event)
    check.equal(phone.engine.state, "idle")
    check.equal(phone.log, [])
    check.equal(phone.engine.ignored, 8)


def test_a_pin_question_that_went_with_the_link_is_asked_again():
    phone = Phone()
    phone.engine.handle("lift")
    phone.keys("11234#5678#")
    phone.engine.link_down()
    phone.wait(500)
    phone.engine.link_up(None)
    check.equal(phone.rows()[0], "Wrong number or PIN")
    phone.keys("9")
    check.equal(phone.rows()[0], "Your number, then #")


def test_a_gateway_that_refuses_to_dial_ends_the_call():
    phone = Phone()
    phone.to_ringing()
    phone.gateway("error", code="restricted", what="dial")
    assert "close policy 0" in phone.log
    phone = Phone()
    phone.to_talking()
    phone.gateway("error", code="restricted", what="dial")
    check.equal(phone.engine.state, "talking")


def test_zz_every_row_of_the_table_was_walked():
    missing = [row[:2] for row in table.TABLE if row not in _WALKED]
    check.equal(missing, [])


check.run(globals())
