"""SRTP and SRTCP of one call (RFC 3711) by libsrtp; keys come by SDES (RFC 4568), one for each direction."""

from typing import Final

import pylibsrtp

from sealine_gateway.sip.errors import RtpError
from sealine_gateway.sip.sdp import SUITES, Crypto

_PROFILES: Final = {
    SUITES[0]: pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    SUITES[1]: pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}


class Sealer:
    """Both directions of one call. libsrtp keeps the replay window."""

    def __init__(self, own: Crypto, peer: Crypto) -> None:
        """`own` seals what we send, `peer` opens what we receive."""
        self._keys = (own, peer)
        self._out = _session(own, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        self._in = _session(peer, pylibsrtp.Policy.SSRC_ANY_INBOUND)

    def rekey(self, own: Crypto, peer: Crypto) -> None:
        """New keys. A direction whose key stays goes on as it was: from the start it would repeat its key stream."""
        if own != self._keys[0]:
            self._out = _session(own, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        if peer != self._keys[1]:
            self._in = _session(peer, pylibsrtp.Policy.SSRC_ANY_INBOUND)
        self._keys = (own, peer)

    def seal(self, packet: bytes) -> bytes:
        """An RTP packet for the wire. Raises RtpError."""
        try:
            return self._out.protect(packet)
        except (pylibsrtp.Error, ValueError, TypeError) as error:
            raise RtpError("srtp: cannot be sealed") from error

    def open(self, packet: bytes) -> bytes:
        """An RTP packet from the wire. Raises RtpError for one that is forged, repeated or cut."""
        try:
            return self._in.unprotect(packet)
        except (pylibsrtp.Error, ValueError, TypeError) as error:
            raise RtpError("srtp: does not authenticate, or is repeated") from error

    def seal_report(self, packet: bytes) -> bytes:
        """An RTCP packet for the wire. Raises RtpError."""
        try:
            return self._out.protect_rtcp(packet)
        except (pylibsrtp.Error, ValueError, TypeError) as error:
            raise RtpError("srtcp: cannot be sealed") from error

    def open_report(self, packet: bytes) -> bytes:
        """An RTCP packet from the wire. Raises RtpError."""
        try:
            return self._in.unprotect_rtcp(packet)
        except (pylibsrtp.Error, ValueError, TypeError) as error:
            raise RtpError("srtcp: does not authenticate, or is repeated") from error


def _session(crypto: Crypto, direction: int) -> pylibsrtp.Session:
    policy = pylibsrtp.Policy(key=crypto.key, ssrc_type=direction, srtp_profile=_PROFILES[crypto.suite])
    return pylibsrtp.Session(policy=policy)
