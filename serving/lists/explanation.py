"""What speaks for an item, in words, for those who ask with `explain=1`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from store.explained import Explained

Explanation = dict[str, Any]  # as an answer shows it


def in_words(explained: Explained, manifest: Mapping[str, Any], surface: str) -> Explanation:
    """The generators that proposed the item, and what weighed most in its score.

    `description` is the feature's own, from the header of its SQL: no sentence for shoppers.
    A place that the manifest does not have is left out.
    """
    sources = manifest["sources"]
    features = manifest["surfaces"][surface]["features"]
    return {
        "generators": [sources[place] for place in explained.generators if place < len(sources)],
        "contributions": [
            {
                **features[place],
                "share": round(abs(share), 3),
                "sign": "+" if share > 0 else "-",
            }
            for place, share in explained.contributions
            if place < len(features)
        ],
    }
