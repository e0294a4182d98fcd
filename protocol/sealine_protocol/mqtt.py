"""MQTT 3.1.1 over mutual TLS: paho and its thread are fenced in here; the rest of a program sees asyncio only.

One paho client per connection: what the broker had not acknowledged is not kept here, it is offered again by its owner
(outbox, store). The broker keeps our session by its stable client id.
"""

import asyncio
import enum
import random
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from sealine_protocol import log
from sealine_protocol.errors import MqttError
from sealine_protocol.settings import between, is_text, setting

CONNECT_TIMEOUT_S: Final = 10.0
PUBACK_TIMEOUT_S: Final = 20.0  # beyond it the connection is of no use
FIRST_BACKOFF_S: Final = 0.5
MAX_BACKOFF_S: Final = 30.0
MAX_INCOMING: Final = 256  # the broker sends at most its in-flight window (100) without our acknowledgement
SUBSCRIPTION_FAILED: Final = 0x80  # MQTT 3.1.1 section 3.9.3
MAX_MESSAGE_BYTES: Final = 2 * 1024 * 1024


class ConnectionState(enum.Enum):
    """Of the connection to the broker."""

    DOWN = "down"
    CONNECTING = "connecting"
    UP = "up"


@dataclass(frozen=True, kw_only=True)
class MqttConfig:
    """Table [mqtt]: the broker. The TLS files (tls.key, tls.pem, ca.pem) are in the state directory."""

    host: str = setting("Name or address of the broker; must be in its certificate. No default.", is_text)
    port: int = setting("TCP port, 1 to 65535. Default 8883.", between(1, 65535), default=8883)
    keepalive_s: int = setting("MQTT keepalive in seconds, 5 to 600. Default 30.", between(5, 600), default=30)
    inflight: int = setting("Unacknowledged publishes, 20 to 100. Default 20.", between(20, 100), default=20)


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message from the broker."""

    topic: str
    payload: bytes
    mid: int
    client: paho.Client


@dataclass(frozen=True, kw_only=True)
class Will:
    """What the broker publishes, retained, when it loses us."""

    topic: str
    payload: bytes


class MqttConnection:
    """Connects and reconnects for ever, publishes with QoS 1, and queues what comes in."""

    def __init__(
        self,
        config: MqttConfig,
        client_id: str,
        tls_dir: Path,
        will: Will | None,
        topics: Sequence[str],
        on_up: Callable[[], None],
    ) -> None:
        """`tls_dir` holds ca.pem, tls.pem, tls.key. At each connection `topics` are subscribed to, `on_up` called."""
        self._config = config
        self._client_id = client_id
        self._tls_dir = tls_dir
        self._will = will
        self._topics = [(topic, 1) for topic in topics]
        self._on_up = on_up
        self._client: paho.Client | None = None
        self._pubacks: dict[int, asyncio.Future[None]] = {}
        self._window = asyncio.Semaphore(config.inflight)
        self._down = asyncio.Event()
        self.state = ConnectionState.DOWN
        self.up = asyncio.Event()
        self.incoming: asyncio.Queue[Message] = asyncio.Queue(MAX_INCOMING)

    async def run(self) -> None:
        """Keep connected until cancelled."""
        backoff_s = FIRST_BACKOFF_S
        while True:
            client = self._make_client()
            try:
                await self._connect(client)
                backoff_s = FIRST_BACKOFF_S
                await self._down.wait()
                log.warning("broker lost")
            except MqttError as error:
                log.warning("broker not reached", error=error)
            finally:
                await self._close(client)
            await asyncio.sleep(random.uniform(backoff_s / 2, backoff_s))  # noqa: S311 - spreads load, no secret
            backoff_s = min(MAX_BACKOFF_S, backoff_s * 2)

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Return when the broker has acknowledged. Raises MqttError."""
        async with self._window:
            client = self._client
            if client is None or not self.up.is_set():
                raise MqttError("broker: not connected")
            info = client.publish(topic, payload, qos=1, retain=retain)
            if info.rc != paho.MQTT_ERR_SUCCESS:
                raise MqttError("broker: not connected")
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._pubacks[info.mid] = future
            try:
                async with asyncio.timeout(PUBACK_TIMEOUT_S):
                    await future
            except TimeoutError:
                self._down.set()
                raise MqttError("broker: no acknowledgement in time") from None
            finally:
                self._pubacks.pop(info.mid, None)

    def acknowledge(self, message: Message) -> None:
        """What the message asks for is durable; the broker may forget it."""
        message.client.ack(message.mid, 1)

    def _make_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            clean_session=False,
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(self._config.inflight)
        client.on_socket_open = _no_delay
        if self._will is not None:
            client.will_set(self._will.topic, self._will.payload, qos=1, retain=True)
        loop = asyncio.get_running_loop()
        client.on_connect = lambda *args: _post(loop, self._on_connect, client, args[3].value)
        client.on_subscribe = lambda *args: _post(loop, self._on_subscribe, client, [code.value for code in args[3]])
        client.on_disconnect = lambda *_: _post(loop, self._on_disconnect, client)
        client.on_publish = lambda *args: _post(loop, self._on_publish, client, args[2])
        client.on_message = lambda _c, _u, message: _post(loop, self._on_message, client, message)
        return client

    async def _connect(self, client: paho.Client) -> None:
        self.state = ConnectionState.CONNECTING
        self._down.clear()
        self._client = client
        try:
            client.tls_set_context(_tls_context(self._tls_dir))
            await asyncio.to_thread(client.connect, self._config.host, self._config.port, self._config.keepalive_s)
            client.loop_start()
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await _first(self.up, self._down)
        except (OSError, ValueError) as error:  # ssl errors are OSErrors, TimeoutError as well
            raise MqttError(f"broker: {type(error).__name__}") from error
        if not self.up.is_set():
            raise MqttError("broker: the connection was refused")
        log.event("broker connected")

    async def _close(self, client: paho.Client) -> None:
        self.state = ConnectionState.DOWN
        self.up.clear()
        self._client = None
        for future in self._pubacks.values():
            if not future.done():
                future.set_exception(MqttError("broker: connection lost"))
        self._pubacks.clear()
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)

    def _on_connect(self, client: paho.Client, code: int) -> None:
        if client is not self._client:
            return
        if code != 0:
            self._down.set()
            return
        client.subscribe(self._topics)

    def _on_subscribe(self, client: paho.Client, codes: Sequence[int]) -> None:
        """Up only now: before, what others publish would not be kept for us at a broker that does not know us yet."""
        if client is not self._client:
            return
        if any(code >= SUBSCRIPTION_FAILED for code in codes):
            log.warning("broker refuses a subscription")
            self._down.set()
            return
        self.state = ConnectionState.UP
        self.up.set()
        self._on_up()

    def _on_disconnect(self, client: paho.Client) -> None:
        if client is self._client:
            self.up.clear()
            self._down.set()

    def _on_publish(self, client: paho.Client, mid: int) -> None:
        future = self._pubacks.get(mid)
        if client is self._client and future is not None and not future.done():
            future.set_result(None)

    def _on_message(self, client: paho.Client, message: paho.MQTTMessage) -> None:
        if client is not self._client:
            return
        if len(message.payload) > MAX_MESSAGE_BYTES or self.incoming.full():
            log.warning("broker sends too much")
            self._down.set()
            return
        self.incoming.put_nowait(
            Message(topic=message.topic, payload=bytes(message.payload), mid=message.mid, client=client)
        )


def _post(loop: asyncio.AbstractEventLoop, call: Any, *args: Any) -> None:
    """From paho's thread into the event loop; a loop that has ended needs no news."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(call, *args)


def _no_delay(_client: paho.Client, _data: object, sock: Any) -> None:
    """A small publish must not wait 40 ms for the acknowledgement of the one before (Nagle, RFC 896)."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _tls_context(directory: Path) -> ssl.SSLContext:
    """The broker must show a certificate of our CA for its name; we show ours. Raises OSError (SSLError)."""
    context = ssl.create_default_context(cafile=str(directory / "ca.pem"))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(directory / "tls.pem", directory / "tls.key")
    return context


async def _first(*events: asyncio.Event) -> None:
    """Wait for any of the events."""
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
