"""What went wrong with the demo, in words for a person at a terminal."""

from settings.errors import NightshelfError


class DemoError(NightshelfError):
    """A part of the demo cannot be started, or its night failed."""
