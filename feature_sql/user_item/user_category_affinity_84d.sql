/*---
description: How much a user likes a category, beside everyone.
owner: recommendations
grain: [user_id, category]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  category: Category that the shopper bought from in the last twelve weeks.
  category_lift_84d: Share of the user's purchases, drawn to everyone's by 20, divided by that.
  category_rank_84d: 1 for the category with the highest lift; ties go to the name.
checks:
  - between: {column: category_lift_84d, min: 0}
  - between: {column: category_rank_84d, min: 1}
---*/
with shelves as (
    select
        user_id,
        category,
        n_category_purchases_84d as n_purchases,
        sum(n_category_purchases_84d) over (partition by user_id) as n_user_purchases,
        sum(n_category_purchases_84d) over (partition by category)
        / sum(n_category_purchases_84d) over () as overall_share
    from user_category_purchases_84d
),

lifts as (
    select
        user_id,
        category,
        (n_purchases + 20 * overall_share) / (n_user_purchases + 20) / overall_share as lift
    from shelves
)

select
    user_id,
    category,
    lift as category_lift_84d,
    row_number() over (partition by user_id order by lift desc, category) as category_rank_84d
from lifts
