/*---
description: How long, how often and how lately each user has been shopping.
owner: recommendations
grain: [user_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper with a purchase before as_of.
  n_user_purchases: Purchases ever.
  n_user_items: Different items ever.
  n_user_days: Different days with a purchase.
  user_tenure_days: Days from the first purchase to as_of, in steps of an hour.
  user_recency_days: Days from the last purchase to as_of, in steps of an hour.
  user_gap_days: Mean days between days with a purchase, null after one such day.
  user_overdue_ratio: Days since the last purchase divided by the mean gap.
checks:
  - between: {column: n_user_purchases, min: 1}
  - between: {column: user_recency_days, min: 0}
---*/
with purchases as (
    select user_id, item_id, event_at
    from events
    where event_type = 'purchase' and event_at < $as_of
),

totals as (
    select
        user_id,
        count(*) as n_purchases,
        count(distinct item_id) as n_items,
        count(distinct cast(event_at as date)) as n_days,
        date_diff('hour', min(event_at), $as_of) / 24.0 as tenure_days,
        date_diff('hour', max(event_at), $as_of) / 24.0 as recency_days
    from purchases
    group by user_id
)

select
    user_id,
    n_purchases as n_user_purchases,
    n_items as n_user_items,
    n_days as n_user_days,
    tenure_days as user_tenure_days,
    recency_days as user_recency_days,
    (tenure_days - recency_days) / nullif(n_days - 1, 0) as user_gap_days,
    recency_days * nullif(n_days - 1, 0) / nullif(tenure_days - recency_days, 0)
        as user_overdue_ratio
from totals
