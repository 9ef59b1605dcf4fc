"""What the loop prints of its findings, whatever their direction."""

from __future__ import annotations

from pipelines.evaluation.logged import LoggedComparison
from pipelines.measure.compare import Comparison


def tell_comparison(comparison: Comparison) -> None:
    """CTR of each group by day, and how far the lists are from recent popularity."""
    print(f"\n{'CTR':12} {'group':8} {'users':>6} {'shown':>7} {'clicked':>8} {'':>7}   95 %")
    for figure in comparison.figures:
        day = "all days" if figure.day is None else str(figure.day)
        print(
            f"{day:12} {figure.group:8} {figure.n_users:6} {figure.n_shown:7} "
            f"{figure.n_clicked:8} {figure.ctr:7.2%}   {figure.low:.2%} … {figure.high:.2%}"
        )
    for difference in comparison.differences:
        day = "all days" if difference.day is None else str(difference.day)
        low, high = difference.low, difference.high
        verdict = "better" if low > 0 else "worse" if high < 0 else "not told apart"
        print(
            f"{day}: {difference.group} {difference.difference:+.2%} against {difference.control} "
            f"({low:+.2%} … {high:+.2%}): {verdict}"
        )


def tell_rankers(compared: LoggedComparison | None) -> None:
    """Whether the ranker that saw impressions beat the one that did not."""
    if compared is None:
        print("\nno click on the last day: the rankers cannot be compared")
        return
    print(
        f"\nthe last day's log, {compared.page_views} page views with a click of "
        f"{compared.users} users, clicks weighted by one over the chance of being looked at:"
    )
    for name, value in compared.values.items():
        print(f"  ranker {name:17} DCG {value:.4f}")
    low, high = compared.interval
    first, second = compared.values
    words = {
        "won": f"the ranker {first} won",
        "lost": f"the ranker {first} lost: the one {second} is better",
        "no difference": f"the ranker {first} did not win: the two are not told apart",
    }
    print(f"  {compared.gain:+.4f} ({low:+.4f} … {high:+.4f}, 95 %): {words[compared.verdict]}")
