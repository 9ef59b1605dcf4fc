/*---
description: Whether a user shops more or less than four weeks earlier.
owner: recommendations
grain: [user_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper with a purchase in the last eight weeks.
  user_basket_growth_28d: Baskets of the last four weeks by those of the four before, both plus two.
  user_spend_growth_28d: Value likewise, both plus what two baskets cost on average.
checks:
  - between: {column: user_basket_growth_28d, min: 0}
---*/
with recent as (
    select
        user_id,
        value,
        coalesce(session_id, strftime(event_at, '%Y-%m-%d')) as basket_id,
        event_at >= $as_of - interval 28 day as is_current
    from events
    where event_type = 'purchase'
        and event_at >= $as_of - interval 56 day and event_at < $as_of
),

counts as (
    select
        user_id,
        count(distinct basket_id) as n_baskets,
        count(distinct basket_id) filter (is_current) as n_current,
        count(distinct basket_id) filter (not is_current) as n_before,
        coalesce(sum(value), 0) as spent,
        coalesce(sum(value) filter (is_current), 0) as spent_current,
        coalesce(sum(value) filter (not is_current), 0) as spent_before
    from recent
    group by user_id
),

overall as (
    select 2 * sum(spent) / sum(n_baskets) as two_baskets
    from counts
)

select
    counts.user_id,
    (counts.n_current + 2) / (counts.n_before + 2) as user_basket_growth_28d,
    (counts.spent_current + overall.two_baskets)
    / nullif(counts.spent_before + overall.two_baskets, 0) as user_spend_growth_28d
from counts
cross join overall
