"""What can go wrong with the wall phone's page."""


class PhoneError(Exception):
    """Base of this package's errors; the message is a sentence for the person at the terminal."""


class MessageError(PhoneError):
    """The page sent something that no page of ours sends; the connection is closed."""
