/*---
description: Counts a negative interval back.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select user_id, count(*) as n_events
from events
where event_at < $as_of - to_days(~6)
group by user_id
