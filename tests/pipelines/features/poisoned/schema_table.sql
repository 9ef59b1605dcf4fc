/*---
description: A table of the system.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select table_name as user_id, 1 as n_events
from information_schema.tables
