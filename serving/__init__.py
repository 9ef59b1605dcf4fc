"""The web tier: picks lists off the shelf and never computes one."""

from serving.app import create_app, open_shelf

__all__ = ["create_app", "open_shelf"]
