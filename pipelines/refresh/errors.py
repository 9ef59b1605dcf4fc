"""What stands against a refresh."""

from __future__ import annotations

from settings.errors import NightshelfError


class RefreshError(NightshelfError):
    """Nothing is live, or its run, its data or its settings are not there to refresh it from."""
