/*---
description: Looks ahead in a window.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
with moments as (
    select user_id, lead(event_at) over (partition by user_id order by event_at) as next_at
    from events
)

select user_id, count(*) as n_events
from moments
where next_at < $as_of
group by user_id
