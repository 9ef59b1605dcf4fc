"""The forms that the UI shows before it triggers; `pipelines.orders` checks what comes of them.

What may stay empty is null, never "": the UI takes an empty text for a missing one and refuses.
"""

from airflow.sdk import Param

_MOMENT = r"^(\d{4}-\d\d-\d\d([T ].+)?)?$"

NIGHT = {
    "as_of": Param(
        None,
        type=["null", "string"],
        pattern=_MOMENT,
        title="As of",
        description="ISO, UTC; only earlier events count. "
        "Empty: [night] as_of of the settings, else the date of the run.",
    ),
    "publish": Param(
        "publish",
        enum=["publish", "dry run"],
        title="Publish",
        description="A dry run ends with lists and a report in its directory; readers see nothing.",
    ),
    "force": Param(
        False,
        type="boolean",
        title="Force",
        description="Do finished work again; the result must be the same.",
    ),
    "surfaces": Param(
        [],
        type=["array", "null"],
        items={"type": "string"},
        title="Surfaces",
        description="Only these, one a line, and only in a dry run. Empty: all.",
    ),
}

PROMOTE = {
    "model": Param(
        type="string",
        minLength=1,
        title="Model",
        description="A model of the registry, as `python -m pipelines models list` names it; "
        "its run, its version, or the beginning of one will do.",
    ),
    "reason": Param(
        type="string",
        minLength=1,
        maxLength=200,
        title="Reason",
        description="Kept in the registry: why this model, whatever the gate said of it.",
    ),
}

TUNE = {
    "budget": Param(
        None,
        type=["null", "string"],
        pattern=r"^\d+(s|m|h|d)$",
        title="Budget",
        description="Wall clock of everything together, like 20m. Empty: [tuning] budget.",
    ),
    "what": Param(
        [],
        type=["array", "null"],
        items={"type": "string"},
        title="What",
        description="Generators and `ranker`, one a line. Empty: what the surface uses.",
    ),
    "surface": Param(
        None,
        type=["null", "string"],
        title="Surface",
        description="Whose label judges. Empty: the first surface of the settings.",
    ),
    "write": Param(
        "write",
        enum=["write", "dry run"],
        title="Write",
        description="A dry run says in its log what it would write to nightshelf.tuned.toml; "
        "nights read what they did. Studies are kept all the same.",
    ),
}

BACKFILL = {
    "tables": Param(
        type="array",
        items={"type": "string"},
        minItems=1,
        title="Tables",
        description="Of feature_sql, one a line, as `python -m pipelines features lineage` "
        "names them.",
    ),
    "cutoffs": Param(
        12,
        type="integer",
        minimum=1,
        maximum=520,
        title="Cutoffs",
        description="How many Mondays, counted back. Those that are there already are skipped.",
    ),
    "newest": Param(
        None,
        type=["null", "string"],
        pattern=_MOMENT,
        title="Newest",
        description="ISO, UTC: the last moment. Empty: that of the run.",
    ),
    "run": Param(
        None,
        type=["null", "string"],
        title="Run",
        description="Whose data and settings. Empty: the newest finished run's.",
    ),
}

FORGET = {
    "again": Param(
        False,
        type="boolean",
        title="Again",
        description="Also users whose forgetting has ended: after a backup was put back.",
    ),
}

COLLECT = {
    "accept_bad": Param(
        False,
        type="boolean",
        title="Accept bad",
        description="Put bad records aside, however many a batch has; else a batch with too many "
        "waits in the log.",
    ),
}

MEASURE = {
    "first": Param(
        None,
        type=["null", "string"],
        pattern=r"^\d{4}-\d\d-\d\d$",
        title="First day",
        description="UTC, measured anew. Empty: every day whose events are new or others, "
        "up to the day before the run.",
    ),
    "last": Param(
        None,
        type=["null", "string"],
        pattern=r"^\d{4}-\d\d-\d\d$",
        title="Last day",
        description="Included. Empty: the day before the run.",
    ),
}

REFRESH = {
    "as_of": Param(
        None,
        type=["null", "string"],
        pattern=_MOMENT,
        title="As of",
        description="ISO, UTC; only earlier events count. Empty: now.",
    ),
    "since": Param(
        None,
        type=["null", "string"],
        pattern=_MOMENT,
        title="Since",
        description="ISO, UTC: who did something from then on. Empty: since the last refresh, or "
        "the night.",
    ),
    "users": Param(
        [],
        type=["array", "null"],
        items={"type": "string"},
        title="Users",
        description="Only these, one a line, with news or without. Empty: everybody with news.",
    ),
}

ROLL_BACK = {
    "reason": Param(
        type="string",
        minLength=1,
        maxLength=200,
        title="Reason",
        description="Shown to everyone who later asks why the lists are held.",
    ),
    "version": Param(
        None,
        type=["null", "string"],
        title="Version",
        description="A kept version. Empty: the one that was live before.",
    ),
}
