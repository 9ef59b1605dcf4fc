/*---
description: How many people bought of each title in the four weeks before as_of.
owner: recommendations
grain: [title]
event_time: event_at
max_age: 26h
columns:
  title: Title of products bought in the window, whichever of them.
  n_title_buyers_28d: Different users who bought from it.
  n_title_purchases_28d_all: Purchases by anyone.
  n_title_items_28d: Different items bought.
checks:
  - between: {column: n_title_buyers_28d, min: 1}
---*/
with recent as (
    select user_id, item_id
    from events
    where event_type = 'purchase'
        and event_at >= $as_of - interval 28 day and event_at < $as_of
),

catalogue as (
    select item_id, title
    from items
    where title is not null
)

select
    catalogue.title,
    count(distinct recent.user_id) as n_title_buyers_28d,
    count(*) as n_title_purchases_28d_all,
    count(distinct recent.item_id) as n_title_items_28d
from recent
inner join catalogue on catalogue.item_id = recent.item_id
group by catalogue.title
