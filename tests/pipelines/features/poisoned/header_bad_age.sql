/*---
description: Broken.
owner: tests
grain: [user_id]
event_time: event_at
max_age: 26
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select user_id, count(*) as n_events
from events
where event_at < $as_of
group by user_id
