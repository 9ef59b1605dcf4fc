/*---
description: Settings of the database.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select name as user_id, 1 as n_events
from duckdb_settings()
