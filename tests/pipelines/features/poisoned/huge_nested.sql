/*---
description: A repetition in a repetition.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select user_id, length(repeat(repeat('x', 10000), 10000)) as n_events
from users
