/*---
description: How many of a category's buyers four to eight weeks ago bought of it again since.
owner: recommendations
grain: [category]
event_time: event_at
max_age: 26h
columns:
  category: Category bought from between eight and four weeks before as_of.
  n_category_earlier_buyers_28d: Users who bought from it in those four weeks.
  category_repurchase_rate_28d: Share of them who did again, drawn to all categories' by 20 buyers.
checks:
  - between: {column: n_category_earlier_buyers_28d, min: 1}
  - between: {column: category_repurchase_rate_28d, min: 0, max: 1}
---*/
with recent as (
    select user_id, item_id, event_at >= $as_of - interval 28 day as is_current
    from events
    where event_type = 'purchase'
        and event_at >= $as_of - interval 56 day and event_at < $as_of
),

catalogue as (
    select item_id, category
    from items
    where category is not null
),

buyers as (
    select recent.user_id, catalogue.category, bool_or(recent.is_current) as is_back
    from recent
    inner join catalogue on catalogue.item_id = recent.item_id
    group by recent.user_id, catalogue.category
    having bool_or(not recent.is_current)
),

counts as (
    select category, count(*) as n_buyers, count(*) filter (is_back) as n_back
    from buyers
    group by category
),

overall as (
    select sum(n_back) / sum(n_buyers) as rate
    from counts
)

select
    counts.category,
    counts.n_buyers as n_category_earlier_buyers_28d,
    (counts.n_back + 20 * overall.rate) / (counts.n_buyers + 20) as category_repurchase_rate_28d
from counts
cross join overall
