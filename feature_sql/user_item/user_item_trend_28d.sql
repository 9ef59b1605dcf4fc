/*---
description: Whether a user buys an item more or less than four weeks earlier.
owner: recommendations
grain: [user_id, item_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  item_id: Item bought in the last eight weeks.
  n_purchases_previous_28d: Purchases between eight and four weeks before as_of.
  trend_28d: Purchases in the last four weeks less those of the four weeks before.
checks:
  - between: {column: n_purchases_previous_28d, min: 0}
---*/
with recent as (
    select user_id, item_id, event_at >= $as_of - interval 28 day as is_current
    from events
    where event_type = 'purchase'
        and event_at >= $as_of - interval 56 day and event_at < $as_of
)

select
    user_id,
    item_id,
    count(*) filter (not is_current) as n_purchases_previous_28d,
    count(*) filter (is_current) - count(*) filter (not is_current) as trend_28d
from recent
group by user_id, item_id
