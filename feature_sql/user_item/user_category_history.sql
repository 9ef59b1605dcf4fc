/*---
description: What each user bought of each category, and how due that category is.
owner: recommendations
grain: [user_id, category]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  category: Category that the shopper bought from.
  n_purchases_in_category: Purchases ever.
  n_items_in_category: Different items bought.
  n_days_in_category: Different days with a purchase.
  share_of_category: Share of the user's purchases of any category.
  days_since_category: Days from the last purchase to as_of, in steps of an hour.
  category_gap_days: Mean days between days with a purchase, null after one such day.
  category_overdue_ratio: Days since the last purchase divided by the mean gap.
checks:
  - between: {column: n_days_in_category, min: 1}
  - between: {column: share_of_category, min: 0, max: 1}
  - between: {column: days_since_category, min: 0}
---*/
with purchases as (
    select user_id, item_id, cast(event_at as date) as bought_on
    from events
    where event_type = 'purchase' and event_at < $as_of
),

history as (
    select user_id, item_id, n_purchases, days_since_first, days_since_last
    from user_item_history
),

catalogue as (
    select item_id, category
    from items
    where category is not null
),

category_days as (
    select distinct purchases.user_id, catalogue.category, purchases.bought_on
    from purchases
    inner join catalogue on catalogue.item_id = purchases.item_id
),

day_counts as (
    select user_id, category, count(*) as n_days
    from category_days
    group by user_id, category
),

shelves as (
    select
        history.user_id,
        catalogue.category,
        cast(sum(history.n_purchases) as bigint) as n_purchases,
        count(*) as n_items,
        max(history.days_since_first) as days_since_first,
        min(history.days_since_last) as days_since_last
    from history
    inner join catalogue on catalogue.item_id = history.item_id
    group by history.user_id, catalogue.category
)

select
    shelves.user_id,
    shelves.category,
    shelves.n_purchases as n_purchases_in_category,
    shelves.n_items as n_items_in_category,
    day_counts.n_days as n_days_in_category,
    shelves.n_purchases / sum(shelves.n_purchases) over (partition by shelves.user_id)
        as share_of_category,
    shelves.days_since_last as days_since_category,
    (shelves.days_since_first - shelves.days_since_last) / nullif(day_counts.n_days - 1, 0)
        as category_gap_days,
    shelves.days_since_last * nullif(day_counts.n_days - 1, 0)
    / nullif(shelves.days_since_first - shelves.days_since_last, 0) as category_overdue_ratio
from shelves
inner join day_counts
    on day_counts.user_id = shelves.user_id and day_counts.category = shelves.category
