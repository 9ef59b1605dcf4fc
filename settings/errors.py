"""The root of every error that a person can mend; commands print these without a traceback."""


class NightshelfError(Exception):
    """Says what was found, what was expected and what to do."""
