"""Everything that crosses the broker, written to a directory: what a thief of the broker's traffic has."""

import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from sealine_protocol.mqtt import MAX_MESSAGE_BYTES

CONNECT_S: Final = 10.0
KEEPALIVE_S: Final = 30
NAME: Final = "wiretap"
"""Common name of the certificate that listens."""

ACCESS: Final = f"\nuser {NAME}\ntopic read sealine/#\n"
"""What whoever has the broker in his hand adds to its ACL."""


class WiretapError(Exception):
    """The broker does not let us listen."""


class Wiretap:
    """Listens with a certificate that the broker's ACL lets read every topic; only the broker's keeper can give one."""

    def __init__(self, directory: Path, port: int, holder: Path) -> None:
        """`holder` is a directory with tls.pem, tls.key, ca.pem, of NAME."""
        self.directory = directory
        self.count = 0
        self._lock = threading.Lock()
        self._seen: set[tuple[str, bytes]] = set()
        directory.mkdir(parents=True, exist_ok=True)
        self._client = self._listen(port, holder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._client.disconnect()
        self._client.loop_stop()

    def _listen(self, port: int, holder: Path) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=NAME, protocol=paho.MQTTv311)
        context = ssl.create_default_context(cafile=str(holder / "ca.pem"))
        context.load_cert_chain(holder / "tls.pem", holder / "tls.key")
        client.tls_set_context(context)
        listening = threading.Event()
        client.on_connect = self._on_connect
        client.on_subscribe = lambda *_: listening.set()
        client.on_message = self._on_message
        try:
            client.connect("127.0.0.1", port, KEEPALIVE_S)
        except OSError as error:
            raise WiretapError(f"wiretap: {error}") from error
        client.loop_start()
        if not listening.wait(CONNECT_S):
            client.loop_stop()
            raise WiretapError("wiretap: the broker does not answer")
        return client

    @staticmethod
    def _on_connect(client: paho.Client, *_: Any) -> None:
        client.subscribe("sealine/#", 1)

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        payload = bytes(message.payload)
        with self._lock:
            # what is retained or sent again is heard twice; a payload beyond the product's limit is still kept, cut
            if (message.topic, payload) in self._seen:
                return
            self._seen.add((message.topic, payload))
            self.count += 1
            name = f"{self.count:04d}-{message.topic.replace('/', '.')}.bin"
            (self.directory / name).write_bytes(message.topic.encode() + b"\n" + payload[:MAX_MESSAGE_BYTES])
