"""How each generator is fitted."""

from __future__ import annotations

from typing import ClassVar

from pipelines.candidates.als import AlsSettings
from pipelines.candidates.bpr import BprSettings
from pipelines.candidates.due_again import DueAgainSettings
from pipelines.candidates.ease import EaseSettings
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
    due_again: DueAgainSettings = DueAgainSettings()
    ease: EaseSettings = EaseSettings()
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
