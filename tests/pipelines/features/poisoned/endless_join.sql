/*---
description: A join without an end.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select events.user_id, sum(a.range * b.range) as n_events
from events, range(900000) as a, range(900000) as b
where events.event_at < $as_of
group by events.user_id
