"""Writes docs/reference/settings.md anew: `python -m tests.docs.settings_page`."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from pydantic import BaseModel

import pipelines
import serving
import settings
import store
from settings.loader import SECTION_NAMES
from settings.reference import render_sections

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "settings.md"
RUNS_AT_IMPORT = {"serving.wsgi", "serving.gunicorn_config"}

INTRODUCTION = """\
# Settings

One file, `nightshelf.toml`; another one is named with `--settings` or `NIGHTSHELF_SETTINGS`.
Every key has a default, so that a file holds only what differs.
Paths are relative to the file.

An environment variable overrides one key: `NIGHTSHELF__STORE__URL` is `url` of `[store]`, \
`NIGHTSHELF__CANDIDATES__ALS__FACTORS` is `factors` of `[candidates.als]`.
Its value is read as TOML (`64`, `true`, `["a", "b"]`), and as text if it is none.

Between the defaults and the file stands `nightshelf.tuned.toml` beside it, where there is one: \
what [tuning](../cookbook/tune.md) has found for `[candidates]` and `[ranking]`.
The file and the environment win over it, key by key.

An unknown table or key, a wrong type or an impossible value is an error that names file, key, \
value and what is allowed.
A duration is a whole number and a unit (`ms`, `s`, `m`, `h`, `d`) in quotes: `"36h"`; \
the longest is `"36500d"`.
A name starts with a letter and has at most 32 of `a-z`, `0-9` and `_`.

The sections `night`, `events`, `features`, `quality`, `candidates`, `ranking`, `evaluation`, \
`surfaces`, `lists`, `reasons`, `similar`, `vectors` and `online_features` decide what is \
published: a change makes a new run.
`source` decides what is in the lake; `collect` how web events come there.
`gate` and `registry` decide which model serves.
`drift` can stop a night before it trains, and changes no list.
`project`, `tuning`, `measure`, `publish`, `store`, `mlflow`, `serving`, `limits`, `cors`, \
`access`, `metrics`, `logs` and `traces` change neither.

This page is made from the classes that read the sections: `python -m tests.docs.settings_page`.
"""


def find_sections() -> list[type[BaseModel]]:
    """The class of every section, in the order of `SECTION_NAMES`."""
    found: dict[str, type[BaseModel]] = {}
    for package in (settings, store, serving, pipelines):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name in RUNS_AT_IMPORT or module.name.endswith("__main__"):
                continue
            for member in vars(importlib.import_module(module.name)).values():
                if isinstance(member, type) and issubclass(member, BaseModel):
                    found.setdefault(str(getattr(member, "section_name", "")), member)
    return [found[name] for name in SECTION_NAMES]


def render_page() -> str:
    return f"{INTRODUCTION}\n{render_sections(find_sections())}"


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
