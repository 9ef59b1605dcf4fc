"""Reads what a running server exports."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(port: int) -> Samples:
    """Every sample of `/metrics`: (name, sorted labels) → value."""
    address = f"http://127.0.0.1:{port}/metrics"
    with urllib.request.urlopen(address, timeout=5) as answer:
        return samples_of(answer.read().decode())


def samples_of(text: str) -> Samples:
    """The samples of *text* in Prometheus' format."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(samples: Samples, name: str, **labels: str) -> float:
    """The sum of the samples of *name* that have these *labels*."""
    return sum(
        value
        for (sample, found), value in samples.items()
        if sample == name and labels.items() <= dict(found).items()
    )


def wait_for(port: int, accept: Callable[[Samples], bool], seconds: float = 20) -> Samples:
    """The first scrape that *accept* takes."""
    deadline, samples = time.monotonic() + seconds, {}
    while time.monotonic() < deadline:
        try:
            if accept(samples := scrape(port)):
                return samples
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"still exported: {samples}")
