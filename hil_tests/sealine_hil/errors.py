# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""Errors of this package."""


class HilError(Exception):
    """Base of all errors of this package."""


class BoardError(HilError):
    """The board model was asked for something that the board cannot do, or the board did not do it in time."""


class EmulatorError(HilError):
    """The emulator did not start, answer or stop."""
