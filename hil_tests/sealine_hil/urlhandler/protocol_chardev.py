# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""`chardev://host:port`: pyserial's socket port that knows how many bytes wait.

pyserial's own `socket://` reports 0 or 1 byte, so that readers which read what waits crawl byte by byte.
"""

import array
import fcntl
import socket
import termios

from serial.urlhandler import protocol_socket


class Serial(protocol_socket.Serial):
    """A serial port on one of the emulator's sockets."""

    _socket: socket.socket

    def open(self) -> None:
        """Connect. serial.SerialException: nobody listens."""
        super().open()
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def from_url(self, url: str) -> tuple[str, int]:
        """Host and port of the URL. serial.SerialException: not such a URL."""
        address: tuple[str, int] = super().from_url(url.replace("chardev://", "socket://", 1))
        return address

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read without a wait."""
        waiting = array.array("i", [0])
        fcntl.ioctl(self._socket.fileno(), termios.FIONREAD, waiting)
        return waiting[0]
