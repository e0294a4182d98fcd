"""Fixtures of central's tests; what they are made of is in central_factory.py beside this file."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are collected by path; the factory is their common module

from central_factory import Desk, Site, Terminal


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A facility."""
    return Site(tmp_path / "north")


@pytest.fixture
def desk(site: Site) -> Iterator[Desk]:
    """Central without a network."""
    made = Desk(site)
    yield made
    made.store.close()


@pytest.fixture
def terminal(site: Site) -> Terminal:
    """An enrolled terminal."""
    return Terminal(site)


@pytest.fixture
def make_terminal(site: Site) -> Callable[..., Terminal]:
    """Terminals with other names or credentials."""

    def make(name: str = "phone-2", **changes: Any) -> Terminal:
        return Terminal(site, name, **changes)

    return make
