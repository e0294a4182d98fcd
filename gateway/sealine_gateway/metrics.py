"""Counters and gauges for Prometheus. Labels are words of closed sets: no terminal, number, person or key."""

from threading import Thread
from typing import Final
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server
from sealine_protocol.settings import address

_PREFIX: Final = "sealine_gateway"


class Metrics:
    """All metrics of one gateway, in a registry of its own."""

    def __init__(self) -> None:
        """Register everything."""
        self.registry = CollectorRegistry()
        self._server: WSGIServer | None = None
        self._thread: Thread | None = None
        self.links = self._gauge("links", "Authenticated links")
        self.links_refused = self._counter("links_refused", "Links closed before they were up, by reason", "reason")
        self.frames_dropped = self._counter("frames_dropped", "Frames that did not parse or verify")
        self.messages_refused = self._counter("messages_refused", "Messages refused, by error code", "code")
        self.calls = self._gauge("calls", "Calls in progress")
        self.calls_ended = self._counter("calls_ended", "Calls ended, by end reason", "reason")
        self.pins_refused = self._counter("pins_refused", "PIN checks that failed or had to wait")
        self.saved = self._counter("saved", "Objects made durable, by kind", "kind")
        self.storage_errors = self._counter("storage_errors", "Objects that could not be made durable")
        self.answers = self._counter("answers", "Central's answers that were applied, by kind", "kind")
        self.answers_refused = self._counter("answers_refused", "Answers that did not verify")
        self.uploads_refused = self._counter("uploads_refused", "Wrappings that central refuses, by reason", "reason")
        self.outbox = self._gauge("outbox", "Entries of the outbox, by state", "state")
        self.chunks = self._gauge("chunks", "Sealed chunks on disk")
        self.published = self._counter("published", "MQTT messages acknowledged by the broker, by topic", "topic")
        self.uplink = self._gauge("uplink_connected", "1 while the broker is connected")
        self.offered_again = self._counter("offered_again", "Records queued again since central's head went back")

    def serve(self, listen: str) -> None:
        """Answer HTTP on `host:port` in a thread of its own."""
        host, port = address(listen)
        self._server, self._thread = start_http_server(port, host, registry=self.registry)

    def close(self) -> None:
        """Stop answering."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"{_PREFIX}_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"{_PREFIX}_{name}", text, labels, registry=self.registry)
