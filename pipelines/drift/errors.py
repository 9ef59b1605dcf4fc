"""What a night stops with when a feature drifted further than its header allows."""

from settings.errors import NightshelfError


class DriftError(NightshelfError):
    """A column is over its limit, and the header of its file says stop."""
