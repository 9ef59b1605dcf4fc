"""`models list|show|compare|promote|roll-back|verify`: what can serve, and what does."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from pipelines.evaluation.results import HEADLINE, RANKER, RIVALS, RULED
from pipelines.registry.compare import NOT_COMPARABLE, Comparison, compare_models
from pipelines.registry.follow import follow_live
from pipelines.registry.model import ModelError, find_damage, open_model
from pipelines.registry.promote import Promotion, promote_model, roll_back_model, who
from pipelines.registry.registry import ModelRecord, Registry
from settings import Settings


def add_commands(commands: Any) -> None:
    """Adds `models` and its own subcommands."""
    text = "look at the models, compare them, and choose which one serves"
    group = commands.add_parser("models", help=text, description=text)
    actions = group.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add(actions, "list", _list, "all models with their states, and what is live")
    show = _add(actions, "show", _show, "where a model comes from, and what was decided about it")
    show.add_argument("model")
    compare = _add(actions, "compare", _compare, "is one model better than another, beyond noise?")
    compare.add_argument("model", help="measured on its own last window")
    compare.add_argument("other", help="ranks the candidates of the first if windows differ")
    promote = _add(actions, "promote", _promote, "make a model's lists live, past the gate")
    promote.add_argument("model")
    promote.add_argument("--reason", required=True, help="why; kept in the registry")
    back = _add(actions, "roll-back", _roll_back, "back to the champion before, and hold there")
    back.add_argument("--reason", required=True, help="why; kept, and shown while it is held")
    _add(actions, "verify", _verify, "check every byte of every model against its SHA-256")


def _add(actions: Any, name: str, action: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
    parser.set_defaults(command=action)
    return parser


def _list(settings: Settings, options: argparse.Namespace) -> None:
    followed = follow_live(settings)
    for record in followed.registry.models:
        print(f"{record.model}  {record.state:10}  as of {record.as_of}")
    if not followed.registry.models:
        print("no model yet; the end of a night makes one")
    print(followed.summary)


def _show(settings: Settings, options: argparse.Namespace) -> None:
    followed = follow_live(settings)
    record = followed.registry.find(options.model)
    model = open_model(settings, record)
    window = " … ".join(model.window)
    print(f"model    {record.model}, {record.state}\nversion  {record.version}")
    print(f"run      {record.run_id}, as of {record.as_of}, evaluated on {window}")
    print(f"seed     {model.manifest['seed']}")
    for name, found in model.manifest["inputs"].items():
        print(f"{name:8} {found}")
    for surface, measured in model.manifest["metrics"].items():
        models = measured["models"]
        shown = [name for name in (RANKER, RULED, *RIVALS) if name in models]
        text = ", ".join(f"{name} {models[name][HEADLINE]:.4f}" for name in shown)
        print(f"{surface}: {HEADLINE} of {measured['users']} users: {text}")
    _print_history(followed.registry, record)
    print(followed.summary)


def _print_history(registry: Registry, record: ModelRecord) -> None:
    for decision in registry.history:
        if record.model in (decision.model, decision.replaced):
            instead = f" instead of {decision.replaced}" if decision.replaced else ""
            print(
                f"{decision.moment}  {decision.action} {decision.model}{instead} "
                f"by {decision.by}: {decision.reason}"
            )


def _compare(settings: Settings, options: argparse.Namespace) -> None:
    registry = follow_live(settings).registry
    ours, theirs = (open_model(settings, registry.find(m)) for m in (options.model, options.other))
    print(comparison_table(compare_models(ours, theirs)))


def comparison_table(comparison: Comparison) -> str:
    """A line a surface, and how each was measured; no newline at the end."""
    head = ["surface", "finding", "ours", "theirs", "difference", "interval", "users"]
    rows = [head]
    for found in comparison.surfaces:
        low, high = found.interval
        figures = [
            f"{found.ours:.4f}",
            f"{found.theirs:.4f}",
            f"{found.difference:+.4f}",
            f"{low:+.4f} … {high:+.4f}",
            str(found.users),
        ]
        known = found.finding != NOT_COMPARABLE
        rows.append([found.surface, found.finding, *(figures if known else [""] * len(figures))])
    how = [f"{found.surface}: {found.how}" for found in comparison.surfaces]
    title = f"{HEADLINE} of {RULED}: {comparison.challenger} against {comparison.champion}"
    return "\n".join([title, *_align(rows), *how])


def _align(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _promote(settings: Settings, options: argparse.Namespace) -> None:
    by = who("command line")
    _print(promote_model(settings, options.model, reason=options.reason, by=by))


def _roll_back(settings: Settings, options: argparse.Namespace) -> None:
    _print(roll_back_model(settings, reason=options.reason, by=who("command line")))


def _print(promotion: Promotion) -> None:
    held = f", held: {promotion.pointer.hold}" if promotion.pointer.hold else ""
    print(f"champion: {promotion.model}\nlive: {promotion.pointer.version}{held}")


def _verify(settings: Settings, options: argparse.Namespace) -> None:
    """Raises `ModelError` after all models were looked at, when one of them is damaged."""
    followed = follow_live(settings)
    damage = []
    for record in followed.registry.models:
        found = find_damage(settings, record)
        print(f"{record.model}  {'damaged' if found else 'sound'}")
        damage += [found] if found else []
    if damage:
        raise ModelError("\n".join(damage))
