"""The demo as a person runs it: what it leaves, what it says when something does not work, what it leaves running."""

import json
import shutil
import subprocess
import sys
import time
import wave

import psutil
import pytest
from sealine_tools import verify as verifier
from sealine_tools.demo.errors import DemoError
from sealine_tools.demo.evidence import PARTS, Evidence
from sealine_tools.demo.stage import Stage

STEPS = [
    "prepare", "start", "enrol", "rules", "call", "sync", "open", "private", "refused", "theft", "verify"
]  # fmt: skip


def running_below(folder):
    """Processes that have a path below this folder in their command line."""
    return [process.pid for process in psutil.process_iter(["cmdline"]) if str(folder) in str(process.info["cmdline"])]


@pytest.mark.timeout(180)
def test_the_whole_demo(demo_run):
    assert demo_run.code == 0, demo_run.output[-4000:]
    report = json.loads((demo_run.folder / "report.json").read_text())
    assert report["outcome"] == "ok"
    assert [step["name"] for step in report["steps"]] == STEPS
    assert {step["outcome"] for step in report["steps"]} == {"ok"}
    assert report["seconds"] < 120
    assert running_below(demo_run.folder.parent) == []
    assert list((demo_run.folder.parent / "tmp").iterdir()) == []


@pytest.mark.timeout(180)
def test_the_evidence_has_its_layout(demo_run):
    out = demo_run.folder
    assert sorted(path.name for path in out.iterdir()) == sorted([*PARTS, "report.json"])
    records = {path.stem for path in (out / "records").glob("*.cose")}
    assert len(records) == 3
    assert {path.stem for path in (out / "receipts").glob("*.receipt")} == records
    (recorded,) = (out / "recordings").iterdir()
    assert len(list(recorded.glob("*.chunk"))) >= 10
    assert {path.name for path in (out / "theft").iterdir()} >= {"gateway", "broker", "central", "mqtt"}
    topics = {path.name.split(".")[-2] for path in (out / "theft" / "mqtt").iterdir()}
    assert topics >= {"records", "chunks", "answers", "status", "trust", "directory"}
    with wave.open(str(out / "opened" / f"{recorded.name}.wav"), "rb") as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
    for leg in ("near", "far"):
        with wave.open(str(out / "spoken" / f"{recorded.name}-{leg}.wav"), "rb") as file:
            assert file.getnframes() > 10 * 8000


@pytest.mark.timeout(180)
def test_the_verifier_agrees_and_notices_a_stolen_second(demo_run, tmp_path):
    out = tmp_path / "evidence"
    shutil.copytree(demo_run.folder, out)
    assert verifier.main([str(out)]) == 0
    (recorded,) = (out / "recordings").iterdir()
    (recorded / "3.chunk").unlink()
    root = (out / "trust" / "root.pub").read_bytes()
    found = {what: text for what, _, text, holds in verifier.verify(out, root).lines if not holds}
    assert found["recording"] == "chunks missing: [3]"


@pytest.mark.timeout(120)
def test_a_broken_image_is_told_in_a_sentence_and_leaves_nothing_running(run_demo, tmp_path):
    (tmp_path / "tmp").mkdir()
    (tmp_path / "image").write_bytes(b"not a firmware")
    done = run_demo(tmp_path / "out", tmp_path / "tmp", "--image", str(tmp_path / "image"))
    assert done.code == 1
    assert "Traceback" not in done.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["outcome"] == "failed"
    assert report["steps"][-1]["name"] == "enrol"
    assert running_below(tmp_path) == []
    assert (tmp_path / "out" / "logs" / "gateway.log").exists()


@pytest.mark.timeout(90)
def test_stopped_in_the_middle_it_leaves_nothing_running(start_demo, tmp_path):
    (tmp_path / "tmp").mkdir()
    process = start_demo(tmp_path / "out", tmp_path / "tmp")
    report = tmp_path / "out" / "report.json"
    end = time.monotonic() + 60
    while not (report.exists() and '"enrol"' in report.read_text()):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.1)
    assert len(running_below(tmp_path / "tmp")) >= 4
    process.terminate()
    assert process.wait(30) == 130
    assert json.loads(report.read_text())["outcome"] == "stopped"
    assert running_below(tmp_path) == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_missing_image_says_what_to_do(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "sealine_tools", "demo", "--once", "--out", str(tmp_path / "out"), "--image", "none"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "run 'make firmware'" in done.stdout + done.stderr


def test_a_folder_of_other_things_is_not_touched(tmp_path):
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(DemoError, match="holds something else"):
        Evidence.create(tmp_path)
    assert (tmp_path / "letters.txt").read_text() == "mine"


def test_an_earlier_run_is_replaced(tmp_path):
    Evidence.create(tmp_path / "out").report.write_text("{}")
    (tmp_path / "out" / "records" / "old.cose").write_bytes(b"old")
    Evidence.create(tmp_path / "out")
    assert not list((tmp_path / "out" / "records").iterdir())


def test_a_failed_step_is_in_the_report(tmp_path):
    stage = Stage(tmp_path / "report.json")
    with stage.step("first", "This works"):
        pass
    with pytest.raises(DemoError, match="This does not: the line is cut"), stage.step("second", "This does not"):
        raise DemoError("the line is cut")
    stage.write("failed")
    report = json.loads((tmp_path / "report.json").read_text())
    assert [(step["name"], step["outcome"]) for step in report["steps"]] == [("first", "ok"), ("second", "failed")]
    assert report["outcome"] == "failed"


def test_help_imports_nothing_slow():
    code = (
        "import sys, sealine_tools.cli\n"
        "print([name for name in ('numpy', 'rich.live', 'nacl', 'paho', 'sealine_hil') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
