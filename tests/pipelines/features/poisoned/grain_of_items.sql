/*---
description: Broken.
owner: tests
grain: [item_id]
event_time: null
max_age: null
columns: {item_id: Item., n_events: Events.}
checks: []
---*/
select item_id, count(*) as n_events
from events
where event_at < $as_of
group by item_id
