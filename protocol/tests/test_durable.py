"""Durable files: whole or not there, private; topics that nobody can stretch; kinds in the order of judging."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sealine_protocol import bundle, durable, topics


def test_replaces_a_file_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"old")
    path.chmod(0o644)
    durable.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_crash_left_behind_does_not_lend_its_mode(tmp_path: Path) -> None:
    left = tmp_path / f"key{durable.SUFFIX}"
    left.touch(mode=0o644)
    durable.write(tmp_path / "key", b"new")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_a_full_disk_leaves_the_old_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {tmp_path / name: name.encode() for name in ("a", "b", "c")}
    durable.write_all(dict.fromkeys(files, b"old"))

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        durable.write_all(files)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == dict.fromkeys(("a", "b", "c"), b"old")


def test_content_is_synced_before_the_name_and_the_name_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, replace = os.fsync, Path.replace

    def note_sync(descriptor: int) -> None:
        done.append("sync folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")
        sync(descriptor)

    def note_replace(self: Path, target: Path) -> Path:
        done.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "replace", note_replace)
    durable.write(tmp_path / "a", b"a")
    assert done == ["sync file", "rename", "sync folder"]


def test_a_gateways_topic_is_read_as_it_is_written() -> None:
    for leaf in topics.UPLOADS:
        assert topics.read_upload(topics.gateway("north", "gw-1", leaf)) == ("north", "gw-1", leaf)


@given(st.text(alphabet="sealine/1+#records-bundle \n", max_size=60))
def test_no_other_topic_is_an_upload(text: str) -> None:
    found = topics.read_upload(text)
    assert found is None or topics.gateway(*found) == text
    for topic in (f"{text}\n", f"sealine/1/north/{text}/gw-1/records", topics.bundle("north", "trust")):
        assert topics.read_upload(topic) is None


def test_bundle_kinds_are_the_wires_and_trust_is_read_first() -> None:
    assert bundle.KINDS == ("trust", "revocations", "directory", "policy", "tariff", "firmware")
