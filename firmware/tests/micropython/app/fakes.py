"""Stand-ins for the engine's partners that write down what was asked of them, in order."""

from call import RefusedError
from call.details import Call
from call.engine import Engine
from panel.display import Front

CALL_ID = bytes(range(16))
FAR = "12025550123"


class Board:
    LAMP_OFF, LAMP_RED, LAMP_GREEN, LAMP_AMBER = 0, 1, 2, 3

    def __init__(self):
        self.rows = [""] * 4
        self.lit = 0

    def display(self, row, text):
        if len(text) != 20:
            raise AssertionError("row is not 20 long: " + text)
        self.rows[row] = text

    def lamp(self, code):
        self.lit = code


class Plan:
    def __init__(self, number, privilege, rate=60_000):
        self.number = number
        self.privilege = privilege
        self.rate = rate
        self.ring_timeout_ms = 45_000
        self.max_talk_ms = 120_000


class Book:
    def __init__(self, log):
        self.log = log
        self.privilege = "none"
        self.after_open = None
        self.stopped = False
        self.full = False

    def clock_text(self):
        return "12:34"

    def wall_ms(self):
        return 1_700_000_000_000

    def protected_number(self, code):
        return "18005550199" if code == "77" else None

    def plan_call(self, dialled):
        if dialled == "999":
            raise RefusedError("number-invalid")
        return Plan(FAR, self.privilege)

    def plan_protected(self, number):
        return Plan(number, "protected", 0)

    def new_call(self, person, language, plan):
        return Call(CALL_ID, person, language, plan)

    def open(self, call):
        self.log.append("open")
        if self.full:
            raise RefusedError("storage")
        if self.after_open:
            call.privilege = call.shown = self.after_open

    def accept(self, call):
        self.log.append("accept")
        return call.privilege == "none"

    def recording_stopped(self):
        return self.stopped

    def close(self, _call, reason, talk_ms, _read_into):
        self.log.append("close {} {}".format(reason, talk_ms))
        return 120_000 if talk_ms else 0


class Voice:
    def __init__(self, log):
        self.log = log
        self.played = False
        self.read_recorded = None

    def ring(self):
        self.log.append("ring")

    def notice(self, _call):
        self.played = False
        self.log.append("notice")
        return b"n" * 32

    def notice_played(self):
        return self.played

    def bridge(self, recorded):
        self.log.append("bridge")
        self.recorded = recorded

    def end(self):
        self.log.append("unbridge")

    def tone(self, name):
        self.log.append("tone " + name)

    def quiet(self):
        self.log.append("quiet")


class Phone:
    """An engine with its fakes, a clock, and hands."""

    def __init__(self):
        self.log = []
        self.board = Board()
        self.book = Book(self.log)
        self.voice = Voice(self.log)
        self.sent = []
        self.now = 1000
        self.engine = Engine(Front(self.board), self.voice, self.book, self._send)
        self.engine.tick(self.now)
        self.engine.link_up(None)

    def _send(self, message):
        self.sent.append(message)
        self.log.append("send " + message["type"])

    def wait(self, ms):
        end = self.now + ms
        while self.now < end:
            self.now = min(self.now + 20, end)
            self.engine.tick(self.now)

    def keys(self, text):
        for key in text:
            self.engine.handle("key", key)

    def gateway(self, kind, **fields):
        fields["type"] = kind
        if kind != "pin-result":
            fields.setdefault("call", CALL_ID)
        self.engine.message(fields)

    def rows(self):
        return [row.rstrip() for row in self.board.rows]

    def to_quote(self, number="2025550123"):
        self.engine.handle("lift")
        self.keys("1")
        self.keys("1234#5678#")
        self.gateway("pin-result", ok=True, language="en", wait_s=0)
        self.keys(number + "#")

    def to_ringing(self):
        self.to_quote()
        self.keys("#")

    def to_notice(self):
        self.to_ringing()
        self.gateway("progress", state="ringing")
        self.wait(100)
        self.gateway("progress", state="answered")

    def to_waiting(self):
        self.to_notice()
        self.voice.played = True
        self.wait(20)

    def to_talking(self):
        self.to_waiting()
        self.gateway("progress", state="accepted")
