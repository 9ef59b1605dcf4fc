/*---
description: Gives its columns in another order.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select count(*) as n_events, user_id
from events
where event_at < $as_of
group by user_id
