/*---
description: Items that a user bought in the window after as_of.
owner: recommendations
grain: [user_id, item_id]
event_time: null
max_age: null
columns:
  user_id: Shopper.
  item_id: Item bought in the window.
  relevance: Always 1, bought.
checks:
  - values: {column: relevance, allowed: [1]}
---*/
with bought as (
    select user_id, item_id
    from events
    where event_type = 'purchase' and event_at >= $as_of and event_at < $until
)

select distinct user_id, item_id, 1 as relevance
from bought
