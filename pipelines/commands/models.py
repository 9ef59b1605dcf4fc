"""`models list|show|compare|promote|roll-back|verify`: what can serve, and what does."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.evaluation.results import HEADLINE, RANKER, RIVALS, RULED
from pipelines.registry.compare import NOT_COMPARABLE, Comparison, compare_models
from pipelines.registry.follow import follow_live
from pipelines.registry.model import ModelError, find_damage, open_model, read_manifest
from pipelines.registry.promote import Promotion, promote_model, roll_back_model, who
from pipelines.registry.registry import ModelRecord, Registry
from settings import Settings

_NAMED = "its id, run or version, or the beginning of one"


def add_commands(commands: Any) -> None:
    """Adds `models` and its own subcommands."""
    text = "look at the models, compare them, and choose which one serves"
    group = commands.add_parser("models", help=text, description=text)
    actions = group.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add(actions, "list", _list, "all models with their states, and what is live")
    show = _add(actions, "show", _show, "where a model comes from, and what was decided about it")
    show.add_argument("model", help=_NAMED)
    compare = _add(actions, "compare", _compare, "is one model better than another, beyond noise?")
    compare.add_argument("model", help=f"measured on its own last window; {_NAMED}")
    compare.add_argument("other", help="ranks the candidates of the first if windows differ")
    promote = _add(actions, "promote", _promote, "make a model's lists live, past the gate")
    promote.add_argument("model", help=_NAMED)
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
    if followed.registry.models:
        print("\n".join(models_table(settings, followed.registry)))
    else:
        print("no model yet; the end of a night makes one")
    print(followed.summary)


def models_table(settings: Settings, registry: Registry) -> list[str]:
    """A line a model: state, moment, what the gate compares of each surface, what it said."""
    figures = [_figures(settings, record) for record in registry.models]
    surfaces = sorted({surface for found in figures if found for surface in found})
    rows = [["model", "state", "as of", *(f"{name} {HEADLINE}" for name in surfaces), ""]]
    for record, found in zip(registry.models, figures, strict=True):
        shown = [(found or {}).get(surface, "") for surface in surfaces]
        refused = "refused by the gate" if registry.is_refused(record.model) else ""
        note = refused or ("" if record.published else "dry run")
        note = "its manifest is damaged" if found is None else note
        rows.append([record.model, record.state, record.as_of, *shown, note])
    return _align(rows)


def _figures(settings: Settings, record: ModelRecord) -> dict[str, str] | None:
    """Surface → the figure of the lists with rules; None where the manifest is damaged."""
    try:
        metrics = read_manifest(settings, record)["metrics"]
    except ModelError:
        return None
    models = {surface: measured["models"] for surface, measured in metrics.items()}
    return {s: f"{found[RULED][HEADLINE]:.4f}" for s, found in models.items() if RULED in found}


def _show(settings: Settings, options: argparse.Namespace) -> None:
    """Raises `ModelError` in the end, when all that is known was shown of a damaged model."""
    followed = follow_live(settings)
    record = followed.registry.find(options.model)
    print(f"model    {record.model}, {record.state}\nversion  {record.version}")
    print(f"run      {record.run_id}, as of {record.as_of}")
    damage = find_damage(settings, record)
    if _figures(settings, record) is not None:
        _print_manifest(read_manifest(settings, record))
    _print_history(followed.registry, record)
    print(followed.summary, flush=True)
    if damage:
        raise ModelError(f"damaged: {damage}")


def _print_manifest(manifest: Mapping[str, Any]) -> None:
    window = manifest["window"]
    print(f"window   {window['from']} … {window['until']}\nseed     {manifest['seed']}")
    for name, found in manifest["inputs"].items():
        print(f"{name:8} {found}")
    for surface, measured in manifest["metrics"].items():
        models = {name: found[HEADLINE] for name, found in measured["models"].items()}
        shown = [name for name in (RANKER, RULED, *RIVALS) if name in models]
        text = ", ".join(f"{name} {models[name]:.4f}" for name in shown)
        print(f"{surface}: {HEADLINE} of {measured['users']} users: {text}")
        if RANKER in models and RULED in models:
            cost = models[RANKER] - models[RULED]
            print(f"{surface}: the rules {'cost' if cost >= 0 else 'gain'} {abs(cost):.4f}")


def _print_history(registry: Registry, record: ModelRecord) -> None:
    for decision in registry.history:
        if record.model in (decision.model, decision.replaced):
            instead = f" instead of {decision.replaced}" if decision.replaced else ""
            first, *others = decision.reason.splitlines()
            what = f"{decision.action} {decision.model}{instead}"
            print(f"{decision.moment}  {what} by {decision.by}: {first}")
            print("".join(f"  {line}\n" for line in others), end="")


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
    for skipped in promotion.skipped:
        print(f"skipped {skipped}")
    if not promotion.changed:
        print("nothing changed: it is champion already, and its lists are live")
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
