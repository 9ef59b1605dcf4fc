/*---
description: Broken.
owner: tests
grain: [basket_id]
event_time: null
max_age: null
columns: {basket_id: Basket., n_events: Events.}
checks: []
---*/
select session_id as basket_id, count(*) as n_events
from events
where event_at < $as_of
group by session_id
