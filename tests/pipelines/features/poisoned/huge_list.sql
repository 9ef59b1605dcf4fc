/*---
description: One list of a billion.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select user_id, len(range(1000000000)) as n_events
from users
