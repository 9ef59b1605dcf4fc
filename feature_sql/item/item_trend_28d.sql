/*---
description: Whether an item wins or loses buyers against four weeks earlier.
owner: recommendations
grain: [item_id]
event_time: event_at
max_age: 26h
columns:
  item_id: Item bought in the last eight weeks.
  n_buyers_previous_28d: Users who bought it between eight and four weeks before as_of.
  buyer_growth_28d: Buyers of the last four weeks by those of the four before, smoothed by five.
  last_week_share: Share of the purchases of the last four weeks made in the last week.
checks:
  - between: {column: buyer_growth_28d, min: 0}
  - between: {column: last_week_share, min: 0, max: 1}
---*/
with recent as (
    select
        user_id,
        item_id,
        event_at >= $as_of - interval 28 day as is_current,
        event_at >= $as_of - interval 7 day as is_last_week
    from events
    where event_type = 'purchase'
        and event_at >= $as_of - interval 56 day and event_at < $as_of
),

counts as (
    select
        item_id,
        count(distinct user_id) filter (not is_current) as n_before,
        count(distinct user_id) filter (is_current) as n_current,
        count(*) filter (is_current) as n_purchases,
        count(*) filter (is_last_week) as n_purchases_last_week
    from recent
    group by item_id
)

select
    item_id,
    n_before as n_buyers_previous_28d,
    (n_current + 5) / (n_before + 5) as buyer_growth_28d,
    n_purchases_last_week / nullif(n_purchases, 0) as last_week_share
from counts
