"""What publishing raises."""

from settings.errors import NightshelfError


class PublishError(NightshelfError):
    """Lists could not be published; what readers see has not changed."""
