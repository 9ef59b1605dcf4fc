"""Python's collector of cycles, kept from looking through what stays anyway.

Held catalogue rows and lists are hundreds of thousands of objects without cycles. With the usual
thresholds every few hundred requests let all of them be looked through while everybody waits.
https://docs.python.org/3/library/gc.html#gc.freeze
"""

from __future__ import annotations

import gc

# Objects more than before until the young ones are looked through, and how often until older ones.
THRESHOLDS = (100_000, 50, 50)


def keep_collector_away() -> None:
    """Leave what is there now out of every collection, and collect what comes less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
