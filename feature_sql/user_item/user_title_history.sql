/*---
description: What each user bought under one title, whichever of the products that carry it.
owner: recommendations
grain: [user_id, title]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  title: Title of products that the shopper bought.
  n_purchases_of_title: Purchases ever.
  n_items_of_title: Different items of that title.
  n_days_of_title: Days with a purchase, added up over those items.
  days_since_title: Days from the last purchase to as_of, in steps of an hour.
  title_gap_days: Mean days between purchases, null after one of them.
  title_overdue_ratio: Days since the last purchase divided by the mean gap.
checks:
  - between: {column: n_purchases_of_title, min: 1}
  - between: {column: days_since_title, min: 0}
---*/
with history as (
    select user_id, item_id, n_purchases, n_days, days_since_first, days_since_last
    from user_item_history
),

catalogue as (
    select item_id, title
    from items
    where title is not null
),

titles as (
    select
        history.user_id,
        catalogue.title,
        cast(sum(history.n_purchases) as bigint) as n_purchases,
        count(*) as n_items,
        cast(sum(history.n_days) as bigint) as n_days,
        max(history.days_since_first) as days_since_first,
        min(history.days_since_last) as days_since_last
    from history
    inner join catalogue on catalogue.item_id = history.item_id
    group by history.user_id, catalogue.title
)

select
    user_id,
    title,
    n_purchases as n_purchases_of_title,
    n_items as n_items_of_title,
    n_days as n_days_of_title,
    days_since_last as days_since_title,
    (days_since_first - days_since_last) / nullif(n_days - 1, 0) as title_gap_days,
    days_since_last * nullif(n_days - 1, 0) / nullif(days_since_first - days_since_last, 0)
        as title_overdue_ratio
from titles
