"""Prometheus metrics: counts and states, never an identity beyond facility and gateway."""

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server
from sealine_protocol.settings import address

_STATES = {"lost": 0, "running": 1, "stopping": 2}


class Metrics:
    """One registry per process, so that tests can have several."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.records = Counter("sealine_records", "Records and tallies", ["outcome"], registry=self.registry)
        self.refused = Counter("sealine_refused", "Refused uploads", ["reason"], registry=self.registry)
        self.not_kept = Counter(
            "sealine_quarantine_not_kept", "Refused uploads beyond their gateway's share", registry=self.registry
        )
        self.chunks = Counter("sealine_chunks", "Sealed chunks taken", registry=self.registry)
        self.forks = Counter("sealine_forks", "Records with a number that was used before", registry=self.registry)
        self.gaps = Gauge("sealine_gaps", "Numbers missing in chains", registry=self.registry)
        self.alarms = Gauge("sealine_chains_with_alarms", "Chains that need a person", registry=self.registry)
        self.waiting = Gauge("sealine_recordings_waiting", "Recordings that are not whole", registry=self.registry)
        self._gateways = Gauge(
            "sealine_gateway_state", "0 lost, 1 running, 2 stopping", ["facility", "gateway"], registry=self.registry
        )

    def gateway(self, facility: str, gateway: str, state: str) -> None:
        """Note a gateway's state."""
        self._gateways.labels(facility, gateway).set(_STATES[state])

    def serve(self, where: str) -> None:
        """Serve the metrics over HTTP on host:port, if given."""
        if where:
            host, port = address(where)
            start_http_server(port, host, registry=self.registry)
