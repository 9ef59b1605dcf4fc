/*---
description: Users of the last twelve weeks, and whether they stayed away in the window.
owner: recommendations
grain: [user_id]
event_time: null
max_age: null
columns:
  user_id: Shopper with an event in the twelve weeks before as_of.
  is_churned: True without any event in the window after as_of.
checks:
  - not_null: {column: is_churned}
---*/
with active as (
    select distinct user_id
    from events
    where event_at >= $as_of - interval 84 day and event_at < $as_of
),

seen_again as (
    select distinct user_id
    from events
    where event_at >= $as_of and event_at < $until
)

select active.user_id, seen_again.user_id is null as is_churned
from active
left join seen_again on seen_again.user_id = active.user_id
