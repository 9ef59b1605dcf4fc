/*---
description: How many people bought of each category in the four weeks before as_of.
owner: recommendations
grain: [category]
event_time: event_at
max_age: 26h
columns:
  category: Category bought from in the window.
  n_category_buyers_28d: Different users who bought from it.
  n_category_purchases_28d_all: Purchases by anyone.
  n_category_items_28d: Different items bought.
checks:
  - between: {column: n_category_buyers_28d, min: 1}
---*/
with recent as (
    select user_id, item_id
    from events
    where event_type = 'purchase'
        and event_at >= $as_of - interval 28 day and event_at < $as_of
),

catalogue as (
    select item_id, category
    from items
    where category is not null
)

select
    catalogue.category,
    count(distinct recent.user_id) as n_category_buyers_28d,
    count(*) as n_category_purchases_28d_all,
    count(distinct recent.item_id) as n_category_items_28d
from recent
inner join catalogue on catalogue.item_id = recent.item_id
group by catalogue.category
