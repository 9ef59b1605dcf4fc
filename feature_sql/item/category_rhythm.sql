/*---
description: How often shoppers come back to a category.
owner: recommendations
grain: [category]
event_time: event_at
max_age: 26h
columns:
  category: Category that someone bought from.
  n_category_buyers: Users who ever bought from it.
  category_repeat_rate: Share of them who bought from it on two days or more.
  typical_category_gap_days: Median over those of their mean days between purchases.
checks:
  - between: {column: n_category_buyers, min: 1}
  - between: {column: category_repeat_rate, min: 0, max: 1}
---*/
with history as (
    select category, n_days_in_category, category_gap_days
    from user_category_history
)

select
    category,
    count(*) as n_category_buyers,
    count(*) filter (n_days_in_category >= 2) / count(*) as category_repeat_rate,
    median(category_gap_days) as typical_category_gap_days
from history
group by category
