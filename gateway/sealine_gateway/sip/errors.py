"""Errors of the SIP trunk. A message names the field, never its value: values hold numbers and names."""

from sealine_gateway.errors import TrunkError


class SipError(TrunkError):
    """Base of all errors of this package."""


class MessageError(SipError):
    """A SIP message is malformed or passes a limit."""


class SdpError(SipError):
    """A session description is malformed, or has nothing that we can speak."""


class RtpError(SipError):
    """An RTP or RTCP packet is malformed or does not authenticate."""


class ChannelError(SipError):
    """The signalling connection to the peer cannot be made or has failed."""


class DigestError(SipError):
    """The peer's challenge cannot be answered, or it refused our credentials."""
