/*---
description: What each user bought of each category in the last twelve and four weeks.
owner: recommendations
grain: [user_id, category]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  category: Category that the shopper bought from in the window.
  n_category_purchases_84d: Purchases in the last twelve weeks.
  n_category_items_84d: Different items bought in the last twelve weeks.
  n_category_purchases_28d: Purchases in the last four weeks.
  category_share_84d: Share of the user's purchases of the last twelve weeks.
checks:
  - between: {column: n_category_purchases_84d, min: 1}
  - between: {column: category_share_84d, min: 0, max: 1}
---*/
with recent as (
    select user_id, item_id, event_at >= $as_of - interval 28 day as is_last_28d
    from events
    where event_type = 'purchase'
        and event_at >= $as_of - interval 84 day and event_at < $as_of
),

catalogue as (
    select item_id, category
    from items
    where category is not null
),

shelves as (
    select
        recent.user_id,
        catalogue.category,
        count(*) as n_purchases,
        count(distinct recent.item_id) as n_items,
        count(*) filter (recent.is_last_28d) as n_purchases_28d
    from recent
    inner join catalogue on catalogue.item_id = recent.item_id
    group by recent.user_id, catalogue.category
)

select
    user_id,
    category,
    n_purchases as n_category_purchases_84d,
    n_items as n_category_items_84d,
    n_purchases_28d as n_category_purchases_28d,
    n_purchases / sum(n_purchases) over (partition by user_id) as category_share_84d
from shelves
