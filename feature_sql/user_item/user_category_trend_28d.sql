/*---
description: Whether a user buys of a category more or less than before.
owner: recommendations
grain: [user_id, category]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  category: Category that the shopper bought from in the last twelve weeks.
  category_trend_28d: Share of those purchases made in the last four, drawn to a third by three.
checks:
  - between: {column: category_trend_28d, min: 0, max: 1}
---*/
with shelves as (
    select user_id, category, n_category_purchases_28d, n_category_purchases_84d
    from user_category_purchases_84d
)

select
    user_id,
    category,
    (n_category_purchases_28d + 1) / (n_category_purchases_84d + 3) as category_trend_28d
from shelves
