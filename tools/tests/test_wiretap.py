"""The demo's ear: it hears every topic, and takes no session away."""

import time
from pathlib import Path

from sealine_hil.facility import Facility, Plan
from sealine_tools import wiretap
from sealine_tools.wiretap import Wiretap

HEARD_S = 15.0


def test_a_wiretap_hears_both_ways_and_lets_central_and_gateway_be(tmp_path: Path) -> None:
    facility = Facility(tmp_path / "facility", Plan())
    holder = facility.admit(wiretap.NAME, wiretap.ACCESS)
    try:
        facility.broker.start()
        with Wiretap(tmp_path / "heard", facility.mqtt_port, holder) as ear:
            facility.central.start()
            facility.gateway.start()
            wanted = {"bundle.trust", "bundle.policy", "gw-1.status"}
            end = time.monotonic() + HEARD_S
            while wanted:
                names = " ".join(path.name for path in ear.directory.iterdir())
                wanted = {topic for topic in wanted if topic not in names}
                assert time.monotonic() < end, wanted
                time.sleep(0.1)
        for log in ("central.log", "gateway.log"):
            assert "broker lost" not in (facility.directory / "logs" / log).read_text()
    finally:
        facility.close()
