"""The evaluation as text: the numbers of the file and nothing else."""

from __future__ import annotations

from pipelines.evaluation.table import evaluation_table
from tests.evaluation.reported_run import made_evaluation, made_metrics

TABLE = """\
surface  model              NDCG@20  95 % interval  recall@20  coverage@20
home     ranker              0.4000  0.3900–0.4100     0.4000       12.5 %
home     ranker_with_rules   0.3800  0.3700–0.3900     0.3800       12.5 %
home     own_most_frequent   0.3200  0.3100–0.3300     0.3200       12.5 %
home     recent_popularity   0.2000  0.1900–0.2100     0.2000       12.5 %
home     als                 0.1000  0.0900–0.1100     0.1000       12.5 %

discover: no user to evaluate on
home: ranker has 1.25 × own_most_frequent and 2.00 × recent_popularity (NDCG@20, 1,200 users); \
the rules cost 0.0200 (5.0 %), leaving 0.3800"""


def test_table_has_the_numbers_of_the_file():
    """Means, intervals, lifts and the cost of the rules are those of the evaluation."""
    evaluation = made_evaluation()
    evaluation["surfaces"]["home"]["models"]["own_most_frequent"] = made_metrics(0.32)
    assert evaluation_table(evaluation) == TABLE


def test_surfaces_come_in_the_order_asked_for():
    """Names first, in their order; a surface that is not named comes after them."""
    evaluation = made_evaluation()
    lines = evaluation_table(evaluation, ["home", "basket"]).splitlines()
    assert [line.split(":")[0] for line in lines[-2:]] == ["home", "discover"]


def test_missing_figures_are_dashes():
    """A baseline, an interval or a cost that is not in the file is a dash, never a zero."""
    evaluation = made_evaluation()
    home = evaluation["surfaces"]["home"]
    home["models"] = {"ranker": {"ndcg@20": 0.4}}
    del home["rules_cost_ndcg@20"]
    lines = evaluation_table(evaluation).splitlines()
    assert (lines[1].split(), lines[-1]) == (
        ["home", "ranker", "0.4000", "–", "–", "–"],
        "home: ranker has – own_most_frequent and – recent_popularity (NDCG@20, 1,200 users); "
        "the cost of the rules is not known",
    )


def test_rules_may_gain():
    """Rules that raise the figure are said to gain, without a minus sign."""
    evaluation = made_evaluation()
    evaluation["surfaces"]["home"]["rules_cost_ndcg@20"] = -0.004
    assert evaluation_table(evaluation).endswith("the rules gain 0.0040 (1.0 %), leaving 0.3800")
