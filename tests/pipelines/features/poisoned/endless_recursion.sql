/*---
description: A recursion without an end.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
with recursive steps as (
    select 1 as step
    union all
    select step + 1 from steps
)

select cast(step as varchar) as user_id, step as n_events
from steps
