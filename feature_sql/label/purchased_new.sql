/*---
description: Items bought in the window by a user who never had anything to do with them before.
owner: recommendations
grain: [user_id, item_id]
event_time: null
max_age: null
columns:
  user_id: Shopper.
  item_id: Item bought in the window, without an event of any kind before as_of.
  relevance: Always 1, bought.
checks:
  - values: {column: relevance, allowed: [1]}
---*/
with bought as (
    select user_id, item_id
    from events
    where event_type = 'purchase' and event_at >= $as_of and event_at < $until
),

known as (
    select user_id, item_id
    from events
    where event_at < $as_of
),

new_to_user as (
    select bought.user_id, bought.item_id
    from bought
    anti join known on known.user_id = bought.user_id and known.item_id = bought.item_id
)

select distinct user_id, item_id, 1 as relevance
from new_to_user
