# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""Serial URLs of the emulator, for pyserial: call `register()` once, then open `chardev://host:port`."""

import serial


def register() -> None:
    """Make pyserial find the handlers of this package."""
    if __name__ not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append(__name__)
