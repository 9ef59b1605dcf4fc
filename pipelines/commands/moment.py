"""A moment on the command line."""

from __future__ import annotations

import argparse
from datetime import datetime

from pipelines.moments import MomentError, parse_moment


def moment(text: str) -> datetime:
    """The type of `--as-of`, for argparse."""
    try:
        return parse_moment(text)
    except MomentError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
