/*---
description: Up to five categories that each user buys most, best first.
owner: recommendations
grain: [user_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper with a purchase of a known category.
  top_categories: Categories by days with a purchase, then by the latest purchase, then by name.
checks:
  - not_null: {column: top_categories}
---*/
with history as (
    select user_id, category, n_days_in_category, days_since_category
    from user_category_history
),

ranked as (
    select
        user_id,
        category,
        row_number() over (
            partition by user_id order by n_days_in_category desc, days_since_category, category
        ) as place
    from history
)

select user_id, list(category order by place) as top_categories
from ranked
where place <= 5
group by user_id
