"""Figures of the literature, by data set: recall@20 and NDCG@20."""

from __future__ import annotations

from benchmarks.ranking_quality.problem import Figures

# The LightGCN paper (He et al. 2020) and the BARS leaderboard (reczoo/BARS).
PUBLISHED: dict[str, dict[str, Figures]] = {
    "gowalla": {
        "EASE^R (BARS)": (0.1765, 0.1467),
        "LightGCN (paper)": (0.1830, 0.1554),
        "GF-CF (BARS)": (0.1849, 0.1518),
        "UltraGCN (BARS)": (0.1862, 0.1580),
        "SimpleX (BARS)": (0.1872, 0.1557),
    },
    "amazon_beauty": {
        "NGCF (BARS)": (0.1513, 0.0917),
        "BGCF (BARS)": (0.1534, 0.0912),
        "SimpleX (BARS)": (0.1721, 0.1028),
    },
}
