/*---
description: Bounds the wrong side of a join.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select events.user_id, count(*) as n_events
from events
left join items on items.item_id = events.item_id and events.event_at < $as_of
group by events.user_id
