"""Every contender asked in turn by wrk, several times."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.serving_runners.contenders import OURS, Contender
from benchmarks.serving_runners.draws import draw_users
from benchmarks.serving_runners.figures import PERSONAL, Figures, Rounds, figures_of
from benchmarks.serving_runners.made_lists import user_names
from benchmarks.serving_runners.probes import personal_share, probing
from benchmarks.serving_runners.spent import measure_processes
from benchmarks.serving_runners.wrk import Load, run_wrk, write_requests

WARM_UP_S = 1
MOST_PER_SECOND = 20_000  # requests that are drawn for a second: more start over
PROBED = 500  # users

logger = logging.getLogger("nightshelf.benchmarks")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is asked, and how often."""

    folder: Path
    n_users: int
    load: Load
    rounds: int
    store_pid: int


def measure_in_turns(contenders: Mapping[str, Contender], pattern: str, plan: Plan) -> Rounds:
    """What each of *contenders* did in every round; another one begins each round."""
    found: Rounds = {name: [] for name in contenders}
    names = list(contenders)
    n_draws = MOST_PER_SECOND * (plan.load.seconds + WARM_UP_S)
    for turn in range(plan.rounds):
        drawn = draw_users(pattern, plan.n_users, n_draws, turn)
        files = _Files(plan.folder, drawn)
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            contender = contenders[name]
            requests = files.requests(contender)
            measure = _measure_ours if name == OURS else _measure
            found[name].append(measure(contender, requests, plan))
            logger.info("%s, round %d, %s: %s", pattern, turn + 1, name, found[name][-1])
    return found


class _Files:
    """The requests of one round; contenders that are asked alike share a file."""

    def __init__(self, folder: Path, drawn: npt.NDArray[np.int64]) -> None:
        self._folder = folder
        self._drawn = drawn
        self._known: dict[tuple[Callable[[str], str], int], Path] = {}

    def requests(self, contender: Contender) -> Path:
        """What asks *contender* for the drawn users, or for those of them that it knows."""
        kind = (contender.request, contender.n_users)
        if kind not in self._known:
            users = user_names(contender.n_users)
            asked = (self._drawn % contender.n_users).tolist()
            self._known[kind] = write_requests(
                self._folder / f"requests-{len(self._known)}",
                [contender.request(users[user]) for user in asked],
            )
        return self._known[kind]


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


def _measure_ours(contender: Contender, requests: Path, plan: Plan) -> Figures:
    """The same, while somebody else looks who gets a list of their own."""
    users = user_names(contender.n_users)[:: max(1, contender.n_users // PROBED)]
    with probing(contender.address, users) as tiers:
        figures = _measure(contender, requests, plan)
    return figures | {PERSONAL: personal_share(tiers)}
