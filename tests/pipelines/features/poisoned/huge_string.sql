/*---
description: One value of a gigabyte.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select user_id, length(repeat(user_id, 1000000000)) as n_events
from users
