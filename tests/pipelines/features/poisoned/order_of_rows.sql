/*---
description: Rows numbered in any order.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
with numbered as (
    select user_id, row_number() over (partition by user_id) as place
    from events
    where event_at < $as_of
)

select user_id, place as n_events
from numbered
where place = 1
