"""How each generator is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import model_validator

from pipelines.candidates.als import AlsSettings
from pipelines.candidates.bpr import BprSettings
from pipelines.candidates.content import ContentSettings
from pipelines.candidates.due_again import DueAgainSettings
from pipelines.candidates.ease import EaseSettings
from pipelines.candidates.embeddings import EmbeddingSettings
from pipelines.candidates.forecast import ForecastSettings
from pipelines.candidates.graph_filter import GraphFilterSettings
from pipelines.candidates.item_item import ItemItemSettings
from pipelines.candidates.own_most_frequent import OwnMostFrequentSettings
from pipelines.candidates.popularity import PopularitySettings
from pipelines.candidates.sessions import BoughtTogetherSettings, NextItemSettings
from pipelines.candidates.user_knn import UserKnnSettings
from settings import Section


class CandidateSettings(Section):
    """One table a generator; which of them a surface uses stands with the surface."""

    section_name: ClassVar[str] = "candidates"

    als: AlsSettings = AlsSettings()
    als_wide: AlsSettings = AlsSettings(factors=256)
    bpr: BprSettings = BprSettings()
    bought_together: BoughtTogetherSettings = BoughtTogetherSettings()
    content: ContentSettings = ContentSettings()
    due_again: DueAgainSettings = DueAgainSettings()
    ease: EaseSettings = EaseSettings()
    embeddings: EmbeddingSettings = EmbeddingSettings()
    forecast_popularity: ForecastSettings = ForecastSettings()
    graph_filter: GraphFilterSettings = GraphFilterSettings()
    item_item: ItemItemSettings = ItemItemSettings()
    item_bm25: ItemItemSettings = ItemItemSettings(weighting="bm25")
    item_tfidf: ItemItemSettings = ItemItemSettings(weighting="tfidf")
    next_item: NextItemSettings = NextItemSettings()
    own_most_frequent: OwnMostFrequentSettings = OwnMostFrequentSettings()
    recent_popularity: PopularitySettings = PopularitySettings()
    segment_popularity: PopularitySettings = PopularitySettings()
    trending: PopularitySettings = PopularitySettings(half_life_days=3.0)
    user_knn: UserKnnSettings = UserKnnSettings()
    week_popularity: PopularitySettings = PopularitySettings(window_days=7.0)

    @model_validator(mode="before")
    @classmethod
    def _keep_own_defaults(cls, tables: Any) -> Any:
        """A table with some keys keeps the others of its generator, not those of its class."""
        if not isinstance(tables, Mapping):
            return tables
        filled = dict(tables)
        for name, field in cls.model_fields.items():
            if isinstance(filled.get(name), Mapping):
                own = field.default.model_dump(exclude_unset=True)
                filled[name] = {**own, **filled[name]}
        return filled
