/*---
description: Adds what cannot be added.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select user_id, sum(title) as n_events
from items
cross join users
group by user_id
