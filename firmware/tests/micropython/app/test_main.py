"""What the program does with a terminal whose parts cannot be made: the console stays, one try is enough."""

from check import equal, run
from main import Program


class Identity:
    def state(self):
        return "locked"


class Station:
    serving = False

    def __init__(self, error=None):
        self.identity = Identity()
        self.log = []
        self.error = error
        self.ready = False

    def enrolled(self):
        return self.ready

    def serve(self, reset):
        equal(reset, False)
        self.log.append("serve")
        if self.error:
            raise self.error

    def show_service(self):
        self.log.append("show")


def test_a_terminal_that_cannot_serve_says_so_once_and_goes_on():
    for error in (OSError(5), MemoryError(), KeyError("secret")):
        station = Station(error)
        station.ready = True
        program = Program(station, None)
        for _ in range(3):
            program._begin(reset=False)
        equal((station.log, program._failures), (["serve", "show"], 1))


def test_it_serves_as_soon_as_it_is_enrolled_and_once():
    station = Station()
    program = Program(station, None)
    program._begin(reset=False)
    equal(station.log, [])
    station.ready = True
    for _ in range(3):
        program._begin(reset=False)
    equal((station.log, program._failures), (["serve"], 0))


if __name__ == "__main__":
    run(globals())
