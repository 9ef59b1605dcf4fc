"""The description of every route, written by hand, a file a group of routes.

To add a route: describe it in the file of its group (or a new one, named in
`document.GROUPS`), with an example for each parameter, body and answer. `tests/serving` fails
while a route is not described, an example does not fit its schema, or a real answer does not.
"""

from serving.openapi.document import build_document

__all__ = ["build_document"]
