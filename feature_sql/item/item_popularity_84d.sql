/*---
description: How many people bought each item in the twelve weeks before as_of.
owner: recommendations
grain: [item_id]
event_time: event_at
max_age: 26h
columns:
  item_id: Item bought in the window.
  n_buyers_84d: Different users who bought it.
  n_purchases_84d_all: Purchases by anyone.
  buyer_share_84d: Share of the users who bought anything in the window.
checks:
  - between: {column: n_buyers_84d, min: 1}
  - between: {column: buyer_share_84d, min: 0, max: 1}
---*/
with recent as (
    select user_id, item_id
    from events
    where event_type = 'purchase'
        and event_at >= $as_of - interval 84 day and event_at < $as_of
)

select
    item_id,
    count(distinct user_id) as n_buyers_84d,
    count(*) as n_purchases_84d_all,
    count(distinct user_id) / (select count(distinct user_id) from recent) as buyer_share_84d
from recent
group by item_id
