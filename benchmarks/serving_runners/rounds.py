"""Every contender asked in turn by wrk, several times; medians, and ratios within a round."""

from __future__ import annotations

import logging
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.serving_runners.contenders import OURS, Contender
from benchmarks.serving_runners.draws import draw_users
from benchmarks.serving_runners.made_lists import user_names
from benchmarks.serving_runners.spent import measure_processes
from benchmarks.serving_runners.wrk import Load, Seen, run_wrk, write_requests

WARM_UP_S = 1
MOST_PER_SECOND = 20_000  # requests that are drawn for a second: more start over

logger = logging.getLogger("nightshelf.benchmarks")

Figures = dict[str, float]
Rounds = dict[str, list[Figures]]  # contender → one a round


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is asked, and how often."""

    folder: Path
    n_users: int
    load: Load
    rounds: int
    store_pid: int


def measure_in_turns(
    contenders: Mapping[str, Contender], known: Mapping[str, int], pattern: str, plan: Plan
) -> Rounds:
    """What each of *contenders* did in every round; another one begins each round.

    *known*: how many users a contender answers for, the first ones.
    """
    found: Rounds = {name: [] for name in contenders}
    names = list(contenders)
    for turn in range(plan.rounds):
        first = turn % len(names)
        drawn = draw_users(
            pattern, plan.n_users, MOST_PER_SECOND * (plan.load.seconds + WARM_UP_S), turn
        )
        files: dict[tuple[Callable[[str], str], int], Path] = {}
        for name in names[first:] + names[:first]:
            contender, n_known = contenders[name], known[name]
            kind = (contender.request, n_known)
            if kind not in files:
                asked = [user % n_known for user in drawn.tolist()]
                files[kind] = _write(plan.folder / f"requests-{len(files)}", contender, asked)
            found[name].append(_measure(contender, files[kind], plan))
            logger.info("%s, round %d, %s: %s", pattern, turn + 1, name, found[name][-1])
    return found


def _write(path: Path, contender: Contender, asked: Sequence[int]) -> Path:
    users = user_names(max(asked) + 1)
    return write_requests(path, [contender.request(users[user]) for user in asked])


def _measure(contender: Contender, requests: Path, plan: Plan) -> Figures:
    """One load after a warm-up of other users."""
    warm_up = Load(connections=plan.load.connections, seconds=WARM_UP_S)
    run_wrk(contender.address, requests, warm_up)
    pids = {"server_cpu_us": contender.pid, "store_cpu_us": plan.store_pid}
    before = {name: measure_processes(pid) for name, pid in pids.items()}
    seen = run_wrk(contender.address, requests, plan.load, first=MOST_PER_SECOND * WARM_UP_S)
    figures = figures_of(seen)
    for name, start in before.items():
        end = measure_processes(pids[name])
        if start is not None and end is not None:
            figures[name] = round((end.cpu_s - start.cpu_s) / max(seen.answers, 1) * 1e6, 1)
    return figures


def figures_of(seen: Seen) -> Figures:
    """*seen* as it is printed."""
    figures = {name: round(value, 2) for name, value in asdict(seen).items()}
    del figures["not_modified"]
    return figures


def medians(rounds: Rounds) -> dict[str, Figures]:
    """The median of every figure over the rounds, and the sum of what failed."""
    return {
        name: {key: round(statistics.median(one[key] for one in figures), 2) for key in figures[0]}
        | {"failed": sum(one["failed"] for one in figures)}
        for name, figures in rounds.items()
    }


def ratios(rounds: Rounds, figure: str) -> dict[str, float]:
    """Ours divided by each other's: the median of the rounds' own ratios."""
    if OURS not in rounds:
        return {}
    return {
        name: round(_median_ratio(rounds[OURS], figures, figure), 3)
        for name, figures in rounds.items()
        if name != OURS
    }


def _median_ratio(ours: list[Figures], others: list[Figures], figure: str) -> float:
    pairs = zip(ours, others, strict=True)
    return statistics.median(one[figure] / max(other[figure], 1e-9) for one, other in pairs)


def memory(contenders: Mapping[str, Contender]) -> dict[str, Any]:
    """What the processes of each hold now; null where the system does not say."""
    found = {name: measure_processes(contender.pid) for name, contender in contenders.items()}
    return {
        name: None
        if spent is None
        else {key: value for key, value in asdict(spent).items() if key != "cpu_s"}
        for name, spent in found.items()
    }
