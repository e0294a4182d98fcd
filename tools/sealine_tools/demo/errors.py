"""Why a demo stops."""


class DemoError(Exception):
    """A step did not do what it must; the text is a plain sentence."""
