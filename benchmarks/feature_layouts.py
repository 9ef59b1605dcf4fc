"""Ways to keep an entity's features in one value of the store: bytes, and time to answer.

Each layout packs the same made rows and answers with the same features of them as JSON text; the
answers are compared. Prints one JSON line last.

`python -m benchmarks.feature_layouts --entities 10000 --features 60 --asked 20`
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import struct
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from store.features import SEPARATOR, unpack_cells

Row = list[float | int | None]
Pack = Callable[[Row], bytes]
Answer = Callable[[bytes], bytes]  # packed row → JSON object of the features that are asked for

NULL_SHARE = 0.05
ROUNDS = 5
SEED = 0


def cells(n_features: int, asked: Sequence[int]) -> tuple[Pack, Answer]:
    """JSON text of each value, joined; an answer copies texts. What the store has."""
    form = b"{%b}" % b",".join(b'"f%d":%%b' % place for place in asked)

    def answer(packed: bytes) -> bytes:
        found = unpack_cells(packed, n_features)
        return form % tuple([found[place] for place in asked])

    return lambda row: SEPARATOR.join(json.dumps(value).encode() for value in row), answer


def json_array(n_features: int, asked: Sequence[int]) -> tuple[Pack, Answer]:
    """One JSON array; an answer parses it whole and writes a part."""
    names = [f"f{place}" for place in asked]

    def answer(packed: bytes) -> bytes:
        row = json.loads(packed)
        if len(row) != n_features:
            raise ValueError(f"{len(row)} values; expected {n_features}")
        chosen = dict(zip(names, [row[place] for place in asked], strict=True))
        return json.dumps(chosen, separators=(",", ":")).encode()

    return lambda row: json.dumps(row, separators=(",", ":")).encode(), answer


def doubles(n_features: int, asked: Sequence[int]) -> tuple[Pack, Answer]:
    """A bit a feature that has a value, then a double each: numbers only, whole ones below 2^53."""
    n_bytes = -(-n_features // 8)
    form = struct.Struct(f"<{n_bytes}s{n_features}d")
    names = [f"f{place}" for place in asked]

    def pack(row: Row) -> bytes:
        bits = sum(1 << place for place, value in enumerate(row) if value is not None)
        return form.pack(bits.to_bytes(n_bytes, "little"), *(value or 0.0 for value in row))

    def answer(packed: bytes) -> bytes:
        present, *values = form.unpack(packed)
        bits = int.from_bytes(present, "little")
        row = [values[place] if bits >> place & 1 else None for place in asked]
        return json.dumps(dict(zip(names, row, strict=True)), separators=(",", ":")).encode()

    return pack, answer


LAYOUTS = {"cells": cells, "json_array": json_array, "doubles": doubles}


def made_rows(n_entities: int, n_features: int) -> list[Row]:
    """Rows of whole numbers and doubles by turns, of which some are null."""
    dice = random.Random(SEED)
    return [[_value(dice, place) for place in range(n_features)] for _ in range(n_entities)]


def _value(dice: random.Random, place: int) -> float | int | None:
    if dice.random() < NULL_SHARE:
        return None
    return dice.randrange(200) if place % 2 == 0 else dice.gammavariate(2.0, 3.0)


def measure(pack: Pack, answer: Answer, rows: list[Row]) -> tuple[dict[str, float], list[bytes]]:
    """Bytes of a row and µs of an answer, the median of some rounds; and the answers."""
    packed = [pack(row) for row in rows]
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        answers = [answer(row) for row in packed]
        seconds.append(time.perf_counter() - started)
    figures = {
        "bytes": round(sum(map(len, packed)) / len(packed), 1),
        "answer_us": round(statistics.median(seconds) / len(packed) * 1e6, 2),
    }
    return figures, answers


def main(words: Sequence[str] | None = None) -> None:
    """Measure every layout and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=10_000)
    parser.add_argument("--features", type=int, default=60, help="of an entity")
    parser.add_argument("--asked", type=int, default=20, help="of them, by a request")
    parser.add_argument("--small", action="store_true", help="1,000 entities")
    chosen = parser.parse_args(words)
    if chosen.small:
        chosen.entities = 1000
    rows = made_rows(chosen.entities, chosen.features)
    asked = sorted(random.Random(SEED).sample(range(chosen.features), chosen.asked))
    figures, said = {}, []
    for name, make in LAYOUTS.items():
        figures[name], answers = measure(*make(chosen.features, asked), rows)
        said.append([json.loads(answer) for answer in answers])
    result = {
        "benchmark": "feature_layouts",
        "entities": chosen.entities,
        "features": chosen.features,
        "asked": chosen.asked,
        "layouts": figures,
        "same_values": all(answers == said[0] for answers in said),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
