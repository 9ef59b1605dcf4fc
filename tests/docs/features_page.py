"""Writes docs/reference/features.md anew: `python -m tests.docs.features_page`."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.features.folder import GRAINS, load_folder
from pipelines.features.sql_file import SqlFile
from settings.durations import format_duration
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "reference" / "features.md"

INTRODUCTION = """\
# Features

Every table of `feature_sql/`, as its header describes it; [feature SQL](feature-sql.md) has the \
rules.
This page is made from the headers: `python -m tests.docs.features_page`.
"""


def render_page() -> str:
    files = load_folder(ROOT / "feature_sql")
    return "\n".join([INTRODUCTION, *_sections(files)])


def _sections(files: dict[str, SqlFile]) -> Iterator[str]:
    for grain in GRAINS:
        yield f"## {grain}\n"
        for name in sorted(name for name, file in files.items() if file.folder == grain):
            yield _table(files[name])


def _table(file: SqlFile) -> str:
    header = file.header
    link = f"[`{file.name}`](../../feature_sql/{file.folder}/{file.name}.sql)"
    facts = [f"grain `{', '.join(header.grain)}`", f"owner {header.owner}"]
    if header.max_age is not None:
        facts.append(f"newest event at most {format_duration(header.max_age)} old")
    reads = ", ".join(f"`{table}`" for table in sorted(file.dependencies))
    columns = [
        f"- `{column}`: {text}"
        for column, text in header.columns.items()
        if column not in header.grain
    ]
    lines = [f"### {link}", "", header.description, f"Reads {reads}; {'; '.join(facts)}.", ""]
    return "\n".join([*lines, *columns, ""])


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
