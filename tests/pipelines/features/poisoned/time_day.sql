/*---
description: Lets in the rest of the day.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select user_id, count(*) as n_events
from events
where cast(event_at as date) < $as_of
group by user_id
