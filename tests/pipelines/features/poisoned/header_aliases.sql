/*---
description: Broken.
owner: &a tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: *a, n_events: *a}
checks: []
---*/
select user_id, count(*) as n_events
from events
where event_at < $as_of
group by user_id
