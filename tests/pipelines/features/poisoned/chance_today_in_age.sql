/*---
description: Differs from night to night.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select user_id, age(max(event_at)) as n_events
from events
where event_at < $as_of
group by user_id
