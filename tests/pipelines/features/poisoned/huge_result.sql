/*---
description: More rows than a table may have.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select cast(range as varchar) as user_id, 1 as n_events
from range(100000)
