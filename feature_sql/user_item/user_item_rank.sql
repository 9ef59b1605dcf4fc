/*---
description: The place and share of an item among everything that a user bought.
owner: recommendations
grain: [user_id, item_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  item_id: Item that the shopper bought at least once.
  rank_by_count: 1 for the item on most days; ties go to the latest purchase, then to the id.
  share_of_purchases: Share of the user's purchases that were this item.
  item_share_of_category: Share of the user's purchases in the category, null without a category.
checks:
  - between: {column: rank_by_count, min: 1}
  - between: {column: share_of_purchases, min: 0, max: 1}
  - between: {column: item_share_of_category, min: 0, max: 1}
---*/
with history as (
    select user_id, item_id, n_purchases, n_days, days_since_last
    from user_item_history
),

catalogue as (
    select item_id, category
    from items
),

shelves as (
    select user_id, category, n_purchases_in_category
    from user_category_history
),

ranked as (
    select
        user_id,
        item_id,
        n_purchases,
        row_number() over (
            partition by user_id order by n_days desc, days_since_last, item_id
        ) as rank_by_count,
        sum(n_purchases) over (partition by user_id) as n_user_purchases
    from history
)

select
    ranked.user_id,
    ranked.item_id,
    ranked.rank_by_count,
    ranked.n_purchases / ranked.n_user_purchases as share_of_purchases,
    ranked.n_purchases / shelves.n_purchases_in_category as item_share_of_category
from ranked
left join catalogue on catalogue.item_id = ranked.item_id
left join shelves
    on shelves.user_id = ranked.user_id and shelves.category = catalogue.category
