/*---
description: How many buyers of an item came back for it.
owner: recommendations
grain: [item_id]
event_time: event_at
max_age: 26h
columns:
  item_id: Item bought at least once.
  n_buyers: Different users who ever bought it.
  n_repeat_buyers: Those who bought it on two days or more.
  repeat_rate: Share of repeat buyers, drawn towards the share among all items by ten buyers.
  mean_days_per_buyer: Days with a purchase for each buyer.
checks:
  - between: {column: n_buyers, min: 1}
  - between: {column: repeat_rate, min: 0, max: 1}
  - between: {column: mean_days_per_buyer, min: 1}
---*/
with history as (
    select item_id, n_days
    from user_item_history
),

counts as (
    select
        item_id,
        count(*) as n_buyers,
        count(*) filter (n_days >= 2) as n_repeat_buyers,
        sum(n_days) as n_days
    from history
    group by item_id
),

overall as (
    select sum(n_repeat_buyers) / sum(n_buyers) as repeat_rate
    from counts
)

select
    counts.item_id,
    counts.n_buyers,
    counts.n_repeat_buyers,
    (counts.n_repeat_buyers + 10 * overall.repeat_rate) / (counts.n_buyers + 10) as repeat_rate,
    counts.n_days / counts.n_buyers as mean_days_per_buyer
from counts
cross join overall
