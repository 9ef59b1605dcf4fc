/*---
description: Whether a category wins or loses buyers against four weeks earlier.
owner: recommendations
grain: [category]
event_time: event_at
max_age: 26h
columns:
  category: Category bought from in the last eight weeks.
  category_growth_28d: Buyers of the last four weeks by those of the four before, smoothed by 20.
checks:
  - between: {column: category_growth_28d, min: 0}
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

counts as (
    select
        catalogue.category,
        count(distinct recent.user_id) filter (recent.is_current) as n_current,
        count(distinct recent.user_id) filter (not recent.is_current) as n_before
    from recent
    inner join catalogue on catalogue.item_id = recent.item_id
    group by catalogue.category
)

select category, (n_current + 20) / (n_before + 20) as category_growth_28d
from counts
