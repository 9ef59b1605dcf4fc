/*---
description: How long an item has been on sale, and how many of its buyers are new.
owner: recommendations
grain: [item_id]
event_time: event_at
max_age: 26h
columns:
  item_id: Item bought at least once.
  days_since_first_sale: Days from the first purchase by anyone to as_of.
  days_since_last_sale: Days from the last purchase by anyone to as_of.
  n_new_buyers_28d: Users who bought it for the first time in the last four weeks.
  new_buyer_share_28d: Share of them among the buyers of the last four weeks, null without buyers.
checks:
  - between: {column: days_since_last_sale, min: 0}
  - between: {column: new_buyer_share_28d, min: 0, max: 1}
---*/
with history as (
    select item_id, days_since_first, days_since_last
    from user_item_history
)

select
    item_id,
    max(days_since_first) as days_since_first_sale,
    min(days_since_last) as days_since_last_sale,
    count(*) filter (days_since_first <= 28) as n_new_buyers_28d,
    count(*) filter (days_since_first <= 28) / nullif(count(*) filter (days_since_last <= 28), 0)
        as new_buyer_share_28d
from history
group by item_id
