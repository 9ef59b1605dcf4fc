/*---
description: Uses the end of the label window.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select user_id, count(*) as n_events
from events
where event_at < $until
group by user_id
