"""The conversation with the gateway when the link goes down in the middle of it, and what is said about records."""

from check import equal, run
from sync.answers import Answers
from sync.exchange import Exchange
from sync.outgoing import Outgoing
from wire import codec
from wire.channel import LinkError
from wire.errors import WireError

HASH = b"r" * 32
CALL = {"type": "hang-up", "call": bytes(16)}


class Link:
    down = False

    def __init__(self):
        self.bulk = []
        self.control = []

    def send_control(self, data):
        if self.down:
            raise LinkError("down", "link")
        self.control.append(codec.decode("from-terminal", data)["type"])

    def send_bulk(self, *parts):
        if self.down:
            raise LinkError("down", "link")
        self.bulk.append(codec.decode("bulk-up", b"".join(parts))["record"])


class Anything:
    def __getattr__(self, _name):
        return lambda *_args, **_kwargs: None


class Journal:
    """Records by their hashes; those in `held` are in quarantine."""

    def __init__(self, hashes):
        self.hashes = hashes
        self.held = set()
        self.log = []

    def pending(self, *, refused=False):
        for name in self.hashes:
            if (name in self.held) is refused:
                yield name, name * 3, [b"e" * 48]

    def signed(self, subject):
        return b"signed" if subject in self.hashes else None

    def quarantine(self, subject, _statement):
        self.held.add(subject)
        return True

    def halt(self):
        self.log.append("halt")


class Parts:
    def __init__(self, journal):
        self.engine = self.fetcher = self.chunks = self.answers = Anything()
        self.outgoing = Outgoing(journal, Anything(), Anything())


class Words(Answers):
    """Answers to whom central's word is true."""

    def __init__(self, journal, **word):
        self._journal = journal
        self._fields = word
        self.refused = 0
        self.alarm = ""

    def _word(self, _answer, _content):
        return self._fields

    def _remove(self, subject, statement):
        if statement is None:
            raise WireError("nothing", "answer")
        self._journal.log.append(subject)


def exchange(journal):
    made = Exchange(Parts(journal))
    made._link = Link()
    made._welcomed = True
    return made


def test_a_message_into_a_link_that_went_down_does_not_stop_its_sender():
    made = exchange(Journal([HASH]))
    made.send(CALL)
    made._link.down = True
    made.send(CALL)
    made.step(0)
    equal((made._link.control, made.unsent), (["hang-up"], 1))


def test_refused_records_are_offered_once_for_each_link_and_behind_the_others():
    hashes = [bytes([number]) * 32 for number in range(6)]
    journal = Journal(hashes)
    journal.held = set(hashes[:5])
    outgoing = Outgoing(journal, Anything(), Anything())
    for _connection in range(2):
        link = Link()
        for _turn in range(20):
            outgoing.step(link)
            while outgoing._queued:
                outgoing.sent()
        equal(link.bulk, [name * 3 for name in hashes[5:] + hashes[:5]])
        outgoing.down()


def test_only_faults_of_its_own_bytes_take_a_record_out_of_delivery():
    for reason in ("malformed", "credential", "facility", "envelope"):
        journal = Journal([HASH])
        words = Words(journal, hash=HASH, reason=reason)
        words.take({"kind": "refusal", "subject": HASH, "statement": b"s"})
        equal((journal.held, words.refused, words.alarm), (set(), 1, ""))
    for reason in ("schema", "signature"):
        journal = Journal([HASH])
        words = Words(journal, hash=HASH, reason=reason)
        words.take({"kind": "refusal", "subject": HASH, "statement": b"s"})
        equal((journal.held, words.refused, words.alarm), ({HASH}, 0, "refused"))


def test_a_forked_record_stops_the_terminal_even_without_its_receipt():
    journal = Journal([HASH])
    words = Words(journal, hash=HASH)
    words.take({"kind": "forked", "subject": HASH, "statement": b"s"})
    equal((journal.log, words.alarm, words.refused), (["halt"], "forked", 1))
    words._stop("restored")
    equal(words.alarm, "forked")
    words.take({"kind": "forked", "subject": HASH, "statement": b"s", "receipt": b"r"})
    equal(journal.log[-1], HASH)


def test_another_terminals_fork_stops_nothing():
    journal = Journal([])
    words = Words(journal, hash=HASH)
    words.take({"kind": "forked", "subject": HASH, "statement": b"s", "receipt": b"r"})
    equal((journal.log, words.alarm, words.refused), ([], "", 1))


if __name__ == "__main__":
    run(globals())
