/*---
description: Where an item stands in the sequence of the baskets of a user.
owner: recommendations
grain: [user_id, item_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  item_id: Item that the shopper bought at least once.
  n_baskets: Baskets of the user with the item.
  n_baskets_since_first: Baskets of the user from the first one with the item on.
  n_baskets_since_last: Baskets of the user after the last one with the item.
  n_of_last_5_baskets: How many of the user's last five baskets had the item.
  n_of_last_20_baskets: How many of the user's last twenty baskets had the item.
  decayed_7_baskets: Baskets with the item, each worth half as much for every 7 baskets after it.
  decayed_30_baskets: Baskets with the item, each worth half as much for every 30 baskets after it.
  basket_share: Share of all baskets of the user that had the item.
  basket_share_since_first: Share of the baskets since the first one with the item that had it.
checks:
  - between: {column: n_baskets, min: 1}
  - between: {column: n_baskets_since_last, min: 0}
  - between: {column: decayed_7_baskets, min: 0}
  - between: {column: basket_share, min: 0, max: 1}
  - between: {column: basket_share_since_first, min: 0, max: 1}
---*/
with purchases as (
    select
        user_id,
        item_id,
        event_at,
        coalesce(session_id, strftime(event_at, '%Y-%m-%d')) as basket_id
    from events
    where event_type = 'purchase' and event_at < $as_of
),

baskets as (
    select user_id, basket_id, min(event_at) as started_at
    from purchases
    group by user_id, basket_id
),

numbered_baskets as (
    select
        user_id,
        basket_id,
        row_number() over (
            partition by user_id order by started_at desc, basket_id desc
        ) as place_from_end,
        count(*) over (partition by user_id) as n_user_baskets
    from baskets
),

basket_items as (
    select distinct
        purchases.user_id,
        purchases.item_id,
        numbered_baskets.place_from_end,
        numbered_baskets.n_user_baskets
    from purchases
    inner join numbered_baskets
        on numbered_baskets.user_id = purchases.user_id
            and numbered_baskets.basket_id = purchases.basket_id
),

counts as (
    select
        user_id,
        item_id,
        count(*) as n_baskets,
        max(place_from_end) as n_baskets_since_first,
        min(place_from_end) - 1 as n_baskets_since_last,
        count(*) filter (place_from_end <= 5) as n_of_last_5_baskets,
        count(*) filter (place_from_end <= 20) as n_of_last_20_baskets,
        -- Rounded to a decimal before the sum, so that the order of the rows cannot matter.
        sum(cast(pow(0.5, (place_from_end - 1) / 7) as decimal(18, 9))) as decayed_7_baskets,
        sum(cast(pow(0.5, (place_from_end - 1) / 30) as decimal(18, 9))) as decayed_30_baskets,
        max(n_user_baskets) as n_user_baskets
    from basket_items
    group by user_id, item_id
)

select
    user_id,
    item_id,
    n_baskets,
    n_baskets_since_first,
    n_baskets_since_last,
    n_of_last_5_baskets,
    n_of_last_20_baskets,
    decayed_7_baskets,
    decayed_30_baskets,
    n_baskets / n_user_baskets as basket_share,
    n_baskets / n_baskets_since_first as basket_share_since_first
from counts
