/*---
description: Looks ahead in a join.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select earlier.user_id, count(*) as n_events
from events as earlier
inner join events as later on later.user_id = earlier.user_id
where earlier.event_at < $as_of
group by earlier.user_id
