/*---
description: The same row twice.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select user_id, 1 as n_events
from users
where created_at is null or created_at < $as_of
union all
select user_id, 2 as n_events
from users
where created_at is null or created_at < $as_of
