/*---
description: What each user bought in the twelve weeks before as_of.
owner: recommendations
grain: [user_id, item_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  item_id: Item bought in the window.
  n_purchases_84d: Purchases in the window.
  quantity_84d: Units bought in the window.
  spent_84d: Value of the purchases in the window.
checks:
  - between: {column: n_purchases_84d, min: 1}
---*/
with recent as (
    select user_id, item_id, quantity, value
    from events
    where event_type = 'purchase'
        and event_at >= $as_of - interval 84 day and event_at < $as_of
)

select
    user_id,
    item_id,
    count(*) as n_purchases_84d,
    sum(quantity) as quantity_84d,
    sum(value) as spent_84d
from recent
group by user_id, item_id
