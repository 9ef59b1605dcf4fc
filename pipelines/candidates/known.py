"""Every generator by the name that the settings call it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipelines.candidates.als import Als
from pipelines.candidates.bpr import Bpr
from pipelines.candidates.content import Content
from pipelines.candidates.due_again import DueAgain
from pipelines.candidates.ease import Ease
from pipelines.candidates.embeddings import Embeddings
from pipelines.candidates.forecast import ForecastPopularity
from pipelines.candidates.generator import Generator, GeneratorError, Past
from pipelines.candidates.graph_filter import GraphFilter
from pipelines.candidates.item_item import ItemItem
from pipelines.candidates.own_most_frequent import OwnMostFrequent
from pipelines.candidates.popularity import Popularity, SegmentPopularity
from pipelines.candidates.sessions import BoughtTogether, NextItem
from pipelines.candidates.settings import CandidateSettings
from pipelines.candidates.user_knn import UserKnn

GENERATORS: Mapping[str, type[Generator]] = {
    "als": Als,
    "als_wide": Als,
    "bought_together": BoughtTogether,
    "bpr": Bpr,
    "content": Content,
    "due_again": DueAgain,
    "ease": Ease,
    "embeddings": Embeddings,
    "forecast_popularity": ForecastPopularity,
    "graph_filter": GraphFilter,
    "item_bm25": ItemItem,
    "item_item": ItemItem,
    "item_tfidf": ItemItem,
    "next_item": NextItem,
    "own_most_frequent": OwnMostFrequent,
    "recent_popularity": Popularity,
    "segment_popularity": SegmentPopularity,
    "trending": Popularity,
    "user_knn": UserKnn,
    "week_popularity": Popularity,
}


def fit_generator(name: str, past: Past, settings: CandidateSettings) -> Generator:
    """The generator *name*, fitted on *past*; raises `GeneratorError` for an unknown name."""
    check_names([name])
    return GENERATORS[name].fit(past, getattr(settings, name))


def check_names(names: Iterable[str], where: str = "generators") -> None:
    """Raises `GeneratorError` for a name that is no generator's; *where* says who asked."""
    for name in names:
        if name not in GENERATORS:
            raise GeneratorError(
                f"{where}: unknown generator {name!r}; known: {', '.join(sorted(GENERATORS))}"
            )
