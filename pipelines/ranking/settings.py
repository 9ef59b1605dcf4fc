"""How the ranker is trained and how much it may see at once."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from settings import Section


class RankingSettings(Section):
    """LightGBM over generator scores and features."""

    section_name: ClassVar[str] = "ranking"

    # What the trees learn: the order within a user, or whether a pair comes true.
    objective: Literal["lambdarank", "binary"] = "lambdarank"
    trees: Annotated[int, Field(ge=1, le=10_000)] = 120  # at most; more gain little
    # Trees without a gain on the newest training cutoff before the fit stops; 0: grow them all.
    patience: Annotated[int, Field(ge=0, le=1000)] = 30
    leaves: Annotated[int, Field(ge=2, le=4096)] = 15  # of one tree
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.08  # how much one tree corrects
    min_rows_per_leaf: Annotated[int, Field(ge=1)] = 200  # fewer would learn by heart
    feature_share: Annotated[float, Field(gt=0, le=1)] = 0.4  # of columns a tree may use
    truncation: Annotated[int, Field(ge=1, le=1000)] = 30  # lambdarank_truncation_level
    max_users: Annotated[int, Field(ge=1)] = 10_000  # sampled a training cutoff
    negatives_per_user: Annotated[int, Field(ge=1)] = 20  # sampled candidates not in the label
    # Whether what users were shown and did not take is learnt from where there are impressions.
    impressions: Literal["auto", "off"] = "auto"
    max_page_views: Annotated[int, Field(ge=1)] = 20_000  # sampled a training cutoff
    # Steps of a number; with few a tree cannot tell items apart by their exact counts.
    max_bins: Annotated[int, Field(ge=2, le=65_535)] = 255
    max_categories: Annotated[int, Field(ge=2)] = 1000  # distinct values of a text feature
    users_per_shard: Annotated[int, Field(ge=1)] = 20_000  # scored by one task
