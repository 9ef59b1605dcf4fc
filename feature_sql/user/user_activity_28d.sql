/*---
description: How much each user bought in the four weeks before as_of.
owner: recommendations
grain: [user_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper with a purchase in the window.
  n_user_baskets_28d: Baskets in the window.
  n_user_items_28d: Different items in the window.
  user_spent_28d: Value of the purchases.
  user_basket_size_28d: Different items in a basket, on average.
  user_basket_value_28d: Value of a basket, on average.
  user_weekend_share_28d: Share of the purchases made on Saturday or Sunday (UTC).
checks:
  - between: {column: n_user_baskets_28d, min: 1}
  - between: {column: user_weekend_share_28d, min: 0, max: 1}
---*/
with recent as (
    select
        user_id,
        item_id,
        value,
        coalesce(session_id, strftime(event_at, '%Y-%m-%d')) as basket_id,
        isodow(event_at) >= 6 as is_weekend
    from events
    where event_type = 'purchase'
        and event_at >= $as_of - interval 28 day and event_at < $as_of
),

baskets as (
    select
        user_id,
        basket_id,
        count(distinct item_id) as n_items,
        count(*) as n_purchases,
        count(*) filter (is_weekend) as n_weekend_purchases,
        sum(value) as value
    from recent
    group by user_id, basket_id
),

assortments as (
    select user_id, count(distinct item_id) as n_items
    from recent
    group by user_id
)

select
    baskets.user_id,
    count(*) as n_user_baskets_28d,
    max(assortments.n_items) as n_user_items_28d,
    sum(baskets.value) as user_spent_28d,
    sum(baskets.n_items) / count(*) as user_basket_size_28d,
    sum(baskets.value) / count(*) as user_basket_value_28d,
    sum(baskets.n_weekend_purchases) / sum(baskets.n_purchases) as user_weekend_share_28d
from baskets
inner join assortments on assortments.user_id = baskets.user_id
group by baskets.user_id
