"""What happened since the night looked at the lake: events collected since, and the users of them.

News are read from the landing zone of the collector, and from the event log before it gets there.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa

from pipelines.collected import EVENT_SCHEMA, open_collected
from pipelines.inputs import run_lake
from pipelines.refresh.errors import RefreshError
from pipelines.refresh.settings import RefreshSettings
from pipelines.runs import Run

LATE = timedelta(days=7)  # an event may come in this long after it happened

# What the run may not have seen: happened or came in since, or came in shortly before and was not
# collected yet. The same event may be in the landing zone and in the stream.
_NEWS = """
select distinct on (event_id) *
from (select * from collected union all by name select * from streamed)
where event_at < $moment and (event_at >= $as_of or received_at >= $read_at - $overlap)
order by event_id, received_at
"""
_USERS = """
select user_id, min(greatest(event_at, received_at)) as came_at
from news
where greatest(event_at, received_at) >= $since
group by user_id
order by came_at, user_id
"""
# As the run saw the lake, but up to the moment; then what came since.
_OWN = """
with known as (
    select lake.*
    from lake
    semi join wanted on wanted.user_id = lake.user_id
    where lake.event_at < $moment and lake.received_at < $read_at
),

since as (
    select news.*
    from news
    semi join wanted on wanted.user_id = news.user_id
    anti join known on known.event_id = news.event_id
    where $with_news
)

select * from known
union all by name
select * from since
"""


class News:
    """Events that the run has not seen, before one moment; close it after use."""

    def __init__(self, run: Run, moment: datetime, streamed: pa.Table | None = None) -> None:
        self._run = run
        self._moment = moment
        self._connection = duckdb.connect(":memory:", config={"threads": "2"})
        connection = self._connection
        since = run.as_of - LATE
        files = open_collected(run.settings).event_files(before=moment, since=since)
        if files:
            connection.read_parquet([str(path) for path in files]).create_view("collected")
        else:
            connection.from_arrow(EVENT_SCHEMA.empty_table()).create("collected")
        nothing = EVENT_SCHEMA.empty_table()
        connection.from_arrow(nothing if streamed is None else streamed).create("streamed")
        overlap = run.settings.read(RefreshSettings).overlap
        binds = {
            "moment": moment,
            "as_of": run.as_of,
            "read_at": self._read_at,
            "overlap": overlap,
        }
        connection.sql(_NEWS, params=binds).create("news")

    def users(self, since: datetime) -> dict[str, datetime]:
        """Those with an event that happened or came in from *since* on, and when the first did.

        In the order of these moments.
        """
        return dict(self._connection.execute(_USERS, {"since": since}).fetchall())

    def events_of(self, users: Collection[str], *, with_news: bool = True) -> pa.Table:
        """All events of *users* before the moment, with the columns and in the order of the lake.

        Without news as the run saw them.
        Raises `RefreshError` when files that the run was made of are gone.
        """
        connection = self._connection
        files = run_lake(self._run).event_files(before=self._moment)
        missing = [path for path in files if not path.exists()]
        if missing:
            raise RefreshError(
                f"the lake has {missing[0].name} no more, which run {self._run.id} was made of; "
                "lists of so old a run cannot be refreshed: make a night"
            )
        lake = connection.read_parquet([str(path) for path in files])
        lake.create_view("lake")
        connection.register("wanted", pa.table({"user_id": pa.array(sorted(users), pa.string())}))
        binds = {"moment": self._moment, "read_at": self._read_at, "with_news": with_news}
        columns = [duckdb.ColumnExpression(name) for name in lake.columns]
        own = connection.sql(_OWN, params=binds).select(*columns)
        found = own.order("event_at, event_id").to_arrow_table()
        connection.execute("drop view lake")
        return found

    @property
    def _read_at(self) -> datetime:
        """When the run looked at the lake, wall clock."""
        return datetime.fromisoformat(self._run.manifest["snapshot_at"])

    def close(self) -> None:
        """Let go of the memory."""
        self._connection.close()


def utc_now() -> datetime:
    """The wall clock, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)
