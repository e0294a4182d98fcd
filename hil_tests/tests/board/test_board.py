"""The port and the board model keep what they promise, on the real image."""

import ast
import hashlib
import itertools
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import serial
from sealine_hil import urlhandler, window
from sealine_hil.board import Board, Cut, Lamp
from sealine_hil.errors import BoardError, EmulatorError
from sealine_hil.qemu import CRASH_STATUS, HOST_ADDRESS, POWER_CUT_STATUS, Qemu
from sealine_hil.repl import Repl

ROOT = Path(__file__).parents[3]
Boot = Callable[[], Repl]
RAM_ADDRESS, RAM_BYTES = 0x38000000, 520 * 1024
CAUSE = '__import__("board").reset_cause()'
CRASH = '__import__("board").crash_log()'
CRASH_NOW = "import machine\nmachine.mem32[0xF0000000] = 1"
# ARP requests (RFC 826) for the board's address, as Ethernet frames in UDP datagrams, as fast as a process can
FLOOD = """
import socket, sys
header = bytes.fromhex("ffffffffffff 020000000001 0806")
request = bytes.fromhex("0001 0800 06 04 0001 020000000001 0a000207 000000000000 0a00020f")
frame = (header + request).ljust(60, bytes(1))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    sender.sendto(frame, ("127.0.0.1", int(sys.argv[1])))
"""

pytestmark = pytest.mark.timeout(60)


def wait_reset(board: Board, boots: int, timeout_s: float = 5.0) -> float:
    """Seconds until the board has started again."""
    begun = time.monotonic()
    while board.counters().boots == boots:
        assert time.monotonic() - begun < timeout_s, "the board does not reset"
        time.sleep(0.005)
    return time.monotonic() - begun


def raises(repl: Repl, code: str, error: str) -> None:
    """The code raises that error on the board."""
    with pytest.raises(BoardError, match=error):
        repl.run(code)


def test_panel(board: Board, boot: Boot) -> None:
    repl = boot()
    repl.run(
        "import board\nboard.display(1, 'Se\xf1al \u20ac')\nboard.display(3, b'x' * 30)\nboard.lamp(board.LAMP_RED)"
    )
    assert board.wait_display("Señal ?") == [" " * 20, "Señal ?".ljust(20), " " * 20, "x" * 20]
    assert board.lamp() is Lamp.RED
    assert repl.eval("[board.key(), board.hook()]") == [None, False]
    board.press("0*#")
    board.lift()
    assert repl.eval("[board.key(), board.key(), board.key(), board.key(), board.hook()]") == [
        "0",
        "*",
        "#",
        None,
        True,
    ]
    board.hang_up()
    assert repl.eval("board.hook()") is False
    assert repl.eval("[board.unique_id(), board.settings()]") == [b"board under test", b"gateway = 10.0.2.2:7000"]


def test_panel_refuses(board: Board, boot: Boot) -> None:
    repl = boot()
    repl.run("import board")
    raises(repl, "board.display(4, '')", "ValueError")
    raises(repl, "board.display(-1, '')", "ValueError")
    raises(repl, "board.display(0, 7)", "TypeError")
    raises(repl, "board.lamp(9)", "ValueError")
    with pytest.raises(BoardError, match="no such key"):
        board.press("A")
    with pytest.raises(BoardError, match="at most"):
        board.set_settings(bytes(window.SETTINGS_MAX_BYTES + 1))
    with pytest.raises(BoardError, match="does not show"):
        board.wait_display("nothing of the kind", timeout_s=0.1)


def test_flash(board: Board, boot: Boot) -> None:
    repl = boot()
    repl.run("import board\nf = board.Flash('journal')\nd = bytearray(8)")
    sizes = repl.eval("[board.Flash(n).size() for n in ('fs', 'journal', 'spool')]")
    assert sizes == [4 << 20, 2 << 20, 512 << 10]
    repl.run("f.erase(4096)\nf.program(4100, b'\\xf0\\x0f')\nf.program(4100, b'\\x0f')\nf.read_into(4098, d)")
    assert repl.eval("bytes(d)") == b"\xff\xff\x00\x0f\xff\xff\xff\xff"
    assert board.counters().flash_conflicts == 1
    repl.run("f.erase(4096)\nf.read_into(4098, d)")
    assert repl.eval("bytes(d)") == b"\xff" * 8


@pytest.mark.parametrize(
    "call",
    [
        "f.read_into(f.size(), d)",
        "f.read_into(f.size() - 4, d)",
        "f.read_into(-1, d)",
        "f.program(f.size() - 7, d)",
        "f.program(1 << 29, d)",
        "f.erase(1)",
        "f.erase(f.size())",
        "f.writeblocks(f.size() // 4096, d, 0)",
        "f.readblocks(0, d, 4096)",
        "board.Flash('keys')",
    ],
)
def test_flash_refuses(boot: Boot, board: Board, call: str) -> None:
    repl = boot()
    repl.run("import board\nf = board.Flash('spool')\nd = bytearray(8)")
    before = board.flash_image()
    raises(repl, call, "OSError")
    assert board.flash_image() == before


def test_power_cut_leaves_half_an_operation(board: Board, qemu: Qemu, boot: Boot) -> None:
    at = window.FLASH_JOURNAL_OFFSET
    zeros, ones = bytes(128), b"\xff" * 128
    programmed = {
        Cut.BEFORE: ones + ones,
        Cut.HALF: zeros + ones,
        Cut.TORN: b"\xaa" * 256,
        Cut.TAIL: ones + zeros,
        Cut.AFTER: zeros + zeros,
    }
    for mode, expected in programmed.items():
        repl = boot()
        repl.run("import board\nf = board.Flash('journal')\nf.erase(0)")
        board.cut_power_at(2, mode)
        repl.start("f.erase(4096)\nf.program(0, bytes(256))\nboard.display(0, 'not reached')")
        assert qemu.wait_exit(5) == POWER_CUT_STATUS
        assert board.cancel_cut()
        assert board.flash_image()[at : at + 256] == expected, mode
        assert "not reached" not in board.display()[0]
    assert boot().eval(CAUSE) == "power"


def test_file_system_survives_cuts_at_each_write(board: Board, qemu: Qemu, boot: Boot) -> None:
    save = (
        "import os\nwith open('/new', 'w') as f: f.write('second' * 200)\n"
        "os.rename('/new', '/file')\nimport board\nboard.display(0, 'done')"
    )
    boot().run("with open('/file', 'w') as f: f.write('first')")
    sound = board.flash_image()
    for operation in range(1, 40):
        qemu.kill9()
        board.load_flash(sound)
        repl = boot()
        board.cut_power_at(operation, list(Cut)[operation % len(Cut)])
        repl.start(save)
        while qemu.running and "done" not in board.display()[0]:
            time.sleep(0.005)
        if not board.cancel_cut():
            break
        qemu.wait_exit(5)
        assert boot().eval("open('/file').read()") in ("first", "second" * 200), operation
    else:
        pytest.fail("the write never ended")
    assert operation > 3
    assert repl.eval("open('/file').read()") == "second" * 200


def test_damaged_file_system_is_left_alone(board: Board, boot: Boot, qemu: Qemu) -> None:
    boot().run("with open('/file', 'w') as f: f.write('first')")
    qemu.kill9()
    damaged = b"\x5a" * 16384 + board.flash_image()[16384:]
    board.load_flash(damaged)
    assert boot().eval("'/' in __import__('os').listdir('/')") is False
    assert board.flash_image() == damaged
    assert "file system not mounted" in qemu.console_log.read_text(errors="replace")


def test_reset_causes(board: Board, qemu: Qemu, boot: Boot) -> None:
    repl = boot()
    assert repl.eval(f"[{CAUSE}, {CRASH}]") == ["power", None]
    repl.start("import machine\nmachine.reset()")
    wait_reset(board, 1)
    assert boot().eval(f"[{CAUSE}, {CRASH}]") == ["soft", None]
    qemu.reset()
    wait_reset(board, 2)
    assert boot().eval(f"[{CAUSE}, {CRASH}]") == ["pin", None]
    qemu.power_cycle()
    assert boot().eval(f"[{CAUSE}, {CRASH}]") == ["power", None]


@pytest.mark.parametrize("hang", ["while True: pass", "import machine\nmachine.disable_irq()\nwhile True: pass"])
def test_watchdog_resets(board: Board, boot: Boot, hang: str) -> None:
    boot().start(f"import machine\nmachine.WDT(timeout=400)\n{hang}")
    assert 0.3 < wait_reset(board, 1) < 1.5
    repl = boot()
    cause, crash = repl.eval(f"[{CAUSE}, {CRASH}]")
    assert cause == "watchdog"
    assert crash[0] == 2
    assert 0x10000000 < crash[1] < 0x10080000, "where it hung"


def test_watchdog_that_is_fed_does_not_reset(board: Board, boot: Boot) -> None:
    repl = boot()
    repl.run("import machine, time\nw = machine.WDT(timeout=300)\nfor i in range(20):\n w.feed()\n time.sleep_ms(50)")
    assert board.counters().boots == 1
    raises(repl, "machine.WDT(timeout=0)", "ValueError")


def test_fault_leaves_a_crash_log_once(board: Board, qemu: Qemu, boot: Boot) -> None:
    boot().start(CRASH_NOW)
    wait_reset(board, 1)
    repl = boot()
    cause, crash, again = repl.eval(f"[{CAUSE}, {CRASH}, {CRASH}]")
    assert cause == "fault"
    assert crash[0] == 1
    assert crash[7] == 0xF0000000
    assert again is None
    assert "FAULT kind=00000001" in qemu.console_log.read_text(errors="replace")


def test_fault_ends_the_emulator_when_asked(board: Board, qemu: Qemu, boot: Boot) -> None:
    board.exit_on_fault(on=True)
    boot().start(CRASH_NOW)
    assert qemu.wait_exit(5) == CRASH_STATUS
    with pytest.raises(EmulatorError):
        qemu.cont()


def test_deep_recursion_is_an_error_not_a_fault(boot: Boot) -> None:
    raises(boot(), "def f(n): return f(n + 1)\nf(0)", "recursion")


def test_reset_wipes_memory(board: Board, qemu: Qemu, boot: Boot, tmp_path: Path) -> None:
    secret = bytes(range(1, 33))
    repl = boot()
    repl.run("k = bytearray(32)\nfor i in range(32): k[i] = i + 1")
    qemu.save_memory(RAM_ADDRESS, RAM_BYTES, tmp_path / "before")
    assert secret in (tmp_path / "before").read_bytes()
    qemu.reset()
    wait_reset(board, 1)
    qemu.save_memory(RAM_ADDRESS, RAM_BYTES, tmp_path / "after")
    assert secret not in (tmp_path / "after").read_bytes()


def test_entropy(boot: Boot, image: Path) -> None:
    repl = boot()
    assert repl.eval("__import__('os').urandom(16)") != repl.eval("__import__('os').urandom(16)")
    assert b"SEALINE EMULATOR ENTROPY: NOT FOR RELEASE" in image.read_bytes()


def test_no_entropy_is_an_error(qemu: Qemu, boot: Boot) -> None:
    repl = boot()
    taken = {int(fd.name) for fd in Path(f"/proc/{qemu.pid}/fd").iterdir()}
    free = next(fd for fd in range(1024) if fd not in taken)
    resource.prlimit(qemu.pid, resource.RLIMIT_NOFILE, (free, free))  # the emulator can open nothing any more
    raises(repl, "import os\nos.urandom(16)", "OSError")


def test_console_that_nobody_reads_does_not_stop_the_board(board: Board, boot: Boot) -> None:
    boot().start("import board\nfor i in range(5000): print('x' * 200)\nboard.display(0, 'went on')")
    board.wait_display("went on", timeout_s=20)
    time.sleep(0.2)


def test_console_program_is_interrupted(boot: Boot) -> None:
    repl = boot()
    repl.run("import board\nboard.open_console()")
    repl.start("while True: pass")
    assert boot().eval("1 + 1") == 2


def test_link_uart_loses_nothing(qemu: Qemu, boot: Boot) -> None:
    repl = boot()
    data = bytes(i * 7 & 0xFF for i in range(20000))
    repl.run("import machine\nu = machine.UART(1, timeout=2000)")
    with serial.serial_for_url(qemu.link_url, timeout=5) as link:
        sender = threading.Thread(target=link.write, args=(data,))
        sender.start()
        repl.run("got = bytearray()\nwhile len(got) < 20000: got += u.read(1000)", timeout_s=20)
        sender.join()
        assert repl.eval("[len(got), sum(got)]") == [20000, sum(data)]
        repl.start("u.write(got)")
        assert link.read(20000) == data
    raises(repl, "machine.UART(2)", "ValueError")


def test_link_uart_write_gives_up(qemu: Qemu, boot: Boot) -> None:
    repl = boot()
    repl.run("import machine, time\nu = machine.UART(1, timeout=100)")
    host, port = qemu.link_url.removeprefix("chardev://").split(":")
    with socket.create_connection((host, int(port))) as unread:
        unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        repl.run("t = time.ticks_ms()\nn = 1\nfor i in range(4000):\n n = u.write(bytes(1000))\n if n != 1000: break")
        assert repl.eval("n in (None, 0) or n < 1000") is True
        assert repl.eval("u.write(bytes(3000)) in (None, 0)") is True


def test_sockets(boot: Boot) -> None:
    repl = boot()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def echo() -> None:
            connection, _ = server.accept()
            with connection:
                while data := connection.recv(4096):
                    connection.sendall(data)

        threading.Thread(target=echo, daemon=True).start()
        repl.run(
            "import asyncio, network\nn = network.LAN()\nn.active(True)\nn.ifconfig('dhcp')\n"
            "async def talk():\n"
            f" r, w = await asyncio.open_connection('{HOST_ADDRESS}', {port})\n"
            " for i in range(100):\n"
            "  w.write(bytes([i]) * 500)\n  await w.drain()\n"
            "  assert await r.readexactly(500) == bytes([i]) * 500\n"
            " w.close()\n"
            "asyncio.run(talk())"
        )
    assert repl.eval("n.isconnected()") is True


def test_a_flood_of_frames_leaves_the_program_its_share(board: Board, image: Path, tmp_path: Path) -> None:
    """Counted in the guest's own instructions, so that a busy host changes nothing."""
    urlhandler.register()
    with Qemu(image, board.path, tmp_path / "qemu", icount=True) as qemu:
        here, there = free_udp_port(), free_udp_port()
        qemu.nic = f"socket,model=lan9118,udp=127.0.0.1:{here},localaddr=127.0.0.1:{there}"
        qemu.start()
        with serial.serial_for_url(qemu.console_url, timeout=0.05) as port:
            qemu.cont()
            repl = Repl(port)
            repl.run(
                "import network, time\nn = network.LAN()\nn.active(True)\n"
                "n.ifconfig(('10.0.2.15', '255.255.255.0', '10.0.2.2', '10.0.2.3'))\n"
                "def turns():\n"
                " count, end = 0, time.ticks_add(time.ticks_ms(), 500)\n"
                " while time.ticks_diff(end, time.ticks_ms()) > 0:\n  count += 1\n"
                " return count\n"
            )
            quiet = repl.eval("turns()")
            with subprocess.Popen([sys.executable, "-c", FLOOD, str(there)]) as flooder:
                try:
                    time.sleep(0.5)
                    flooded = repl.eval("turns()")
                finally:
                    flooder.kill()
    assert 0.75 * quiet < flooded < 0.99 * quiet


def free_udp_port() -> int:
    """A port of the host's loopback that nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_codec_frames_flow_without_the_interpreter(board: Board, boot: Boot) -> None:
    repl = boot()
    before = board.counters()
    repl.run("import time\nt = time.ticks_ms()\nwhile time.ticks_diff(time.ticks_ms(), t) < 2000: pass", timeout_s=10)
    after = board.counters()
    frames = after.mic_frames - before.mic_frames
    assert 95 <= frames <= 115
    assert abs(after.speaker_frames - before.speaker_frames - frames) <= 1
    assert after.mic_lost == before.mic_lost


def test_speech_is_spoken_once(board: Board, boot: Boot) -> None:
    boot()
    board.speak(b"\x01\x00" * 8000)
    begun = time.monotonic()
    board.wait_spoken(5)
    assert 0.9 < time.monotonic() - begun < 1.5
    first, pcm = board.listen(clear=True)
    assert len(pcm) % window.AUDIO_FRAME_BYTES == 0
    assert board.listen()[0] >= first + len(pcm) // window.AUDIO_FRAME_BYTES


def test_window_file_must_be_one(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(bytes(window.BYTES))
    with pytest.raises(BoardError, match="not a board window"):
        Board(other)


def test_clone_has_the_same_flash_and_identity(board: Board, boot: Boot, tmp_path: Path) -> None:
    boot().run("with open('/file', 'w') as f: f.write('first')")
    board.clone(tmp_path / "clone")
    with Board(tmp_path / "clone") as clone:
        assert clone.flash_image() == board.flash_image()


def test_time_goes_on_and_does_not_wrap(boot: Boot) -> None:
    repl = boot()
    repl.run("import board, time\na = board.monotonic_ms()\ntime.sleep_ms(500)\nb = board.monotonic_ms()")
    assert repl.eval("500 <= b - a < 700") is True


def test_audio_engine_runs_on_the_codec_clock(board: Board, boot: Boot) -> None:
    repl = boot()
    repl.run("import audio\naudio.start()\naudio.tone(440, 0, 1000, 0, 1)")
    board.listen(clear=True)
    time.sleep(1)
    samples = memoryview(board.listen(clear=True)[1]).cast("h")
    loud = [abs(sample) > 500 for sample in samples]
    assert sum(loud) > len(loud) / 2
    crossings = sum(a < 0 <= b for a, b in itertools.pairwise(samples))
    assert crossings == pytest.approx(440 * len(samples) / 8000, rel=0.1)


def test_unix_build_has_the_same_board(board: Board, unix: Path) -> None:
    board.press("7")
    code = (
        "import board, time\nboard.display(2, 'tablet')\n"
        "time.sleep(0.5)\nprint([board.key(), board.unique_id(), board.hook(), board.reset_cause()])"
    )
    process = subprocess.Popen(
        [unix, "-c", code], env={"SEALINE_WINDOW": str(board.path)}, stdout=subprocess.PIPE, text=True
    )
    board.wait_display("tablet", timeout_s=5)
    board.press("8")
    board.lift()
    frames = board.counters().speaker_frames
    out, _ = process.communicate(timeout=10)
    assert ast.literal_eval(out) == ["8", b"board under test", True, "power"], "a key from before the start is nobody's"
    assert board.counters().speaker_frames - frames > 10


def test_unix_build_refuses_another_file(tmp_path: Path, unix: Path) -> None:
    (tmp_path / "window").write_bytes(b"not a window")
    done = subprocess.run(
        [unix, "-c", "print('ran')"], env={"SEALINE_WINDOW": str(tmp_path / "window")}, capture_output=True, check=False
    )
    assert done.returncode == 78
    assert b"ran" not in done.stdout


def test_layout_is_the_headers(tmp_path: Path) -> None:
    boards = ROOT / "firmware/port/boards"
    made = tmp_path / "window.py"
    subprocess.run([sys.executable, boards / "gen_window.py", boards / "window.h", made], check=True)
    assert made.read_text() == Path(window.__file__).read_text()


@pytest.mark.timeout(300)  # builds an image
def test_closed_console_gives_no_repl(closed_image: Path, board: Board, tmp_path: Path) -> None:
    with Qemu(closed_image, board.path, tmp_path / "closed") as qemu:
        qemu.start()
        with serial.serial_for_url(qemu.console_url, timeout=0.05) as port:
            qemu.cont()
            board.wait_display("running")
            with pytest.raises(BoardError, match="no b'raw REPL"):
                Repl(port, timeout_s=1)
            assert board.counters().boots == 1, "Ctrl-C does not stop the program"
        board.press("1")
        wait_reset(board, 1)
        board.wait_display("running")
        assert "Traceback" in qemu.console_log.read_text(errors="replace"), "the program died, and the board restarted"
        assert ">>>" not in qemu.console_log.read_text(errors="replace")


def test_image_is_what_was_built(boot: Boot, image: Path, tmp_path: Path) -> None:
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", image, tmp_path / "image"], check=True)
    built = hashlib.blake2b((tmp_path / "image").read_bytes(), digest_size=32).digest()
    assert boot().eval("__import__('sodium').hash(__import__('board').image(), 32)") == built
