"""Puts a finished run's lists on the shelf: preflight, load, verify, flip, retire."""

from pipelines.publish.errors import PublishError
from pipelines.publish.publish_lists import Publication, publish_lists
from pipelines.publish.retire import retire_version
from pipelines.publish.settings import PublishSettings

__all__ = ["Publication", "PublishError", "PublishSettings", "publish_lists", "retire_version"]
