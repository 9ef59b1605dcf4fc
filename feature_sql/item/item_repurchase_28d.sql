/*---
description: How many of the buyers four to eight weeks ago bought again within four weeks.
owner: recommendations
grain: [item_id]
event_time: event_at
max_age: 26h
columns:
  item_id: Item bought between eight and four weeks before as_of.
  n_earlier_buyers_28d: Users who bought it in those four weeks.
  repurchase_rate_28d: Share of them who bought it again since, smoothed by ten buyers.
checks:
  - between: {column: n_earlier_buyers_28d, min: 1}
  - between: {column: repurchase_rate_28d, min: 0, max: 1}
---*/
with recent as (
    select user_id, item_id, event_at >= $as_of - interval 28 day as is_current
    from events
    where event_type = 'purchase'
        and event_at >= $as_of - interval 56 day and event_at < $as_of
),

buyers as (
    select user_id, item_id, bool_or(is_current) as is_back
    from recent
    group by user_id, item_id
    having bool_or(not is_current)
),

overall as (
    select count(*) filter (is_back) / count(*) as return_rate
    from buyers
)

select
    buyers.item_id,
    count(*) as n_earlier_buyers_28d,
    (count(*) filter (buyers.is_back) + 10 * max(overall.return_rate)) / (count(*) + 10)
        as repurchase_rate_28d
from buyers
cross join overall
group by buyers.item_id
