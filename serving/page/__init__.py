"""The page at `/`: a list as a shopper would see it, and what stands behind it."""

from serving.page.routes import page_blueprint

__all__ = ["page_blueprint"]
