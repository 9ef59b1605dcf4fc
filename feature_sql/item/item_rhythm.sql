/*---
description: How many days usually pass before a buyer of an item buys it again.
owner: recommendations
grain: [item_id]
event_time: event_at
max_age: 26h
columns:
  item_id: Item that someone bought on two days or more.
  n_rhythm_buyers: Users who bought it on two days or more.
  typical_gap_days: Median over those users of their mean days between purchases.
checks:
  - between: {column: n_rhythm_buyers, min: 1}
  - between: {column: typical_gap_days, min: 0}
---*/
with gaps as (
    select item_id, (days_since_first - days_since_last) / (n_days - 1) as mean_gap_days
    from user_item_history
    where n_days >= 2
)

select
    item_id,
    count(*) as n_rhythm_buyers,
    median(mean_gap_days) as typical_gap_days
from gaps
group by item_id
