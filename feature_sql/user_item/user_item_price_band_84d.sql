/*---
description: How far an item's price band lies from what the user usually buys of its category.
owner: recommendations
grain: [user_id, item_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  item_id: Priced item that the shopper bought in the last twelve weeks.
  price_band_distance_84d: Band of the item less the usual band in its category; below 0 is cheaper.
checks:
  - between: {column: price_band_distance_84d, min: -4, max: 4}
---*/
with pairs as (
    select user_id, item_id
    from user_item_purchases_84d
),

bands as (
    select item_id, price_band_84d
    from item_price_band_84d
),

catalogue as (
    select item_id, category
    from items
),

usual as (
    select user_id, category, usual_category_price_band_84d
    from user_category_price_band_84d
)

select
    pairs.user_id,
    pairs.item_id,
    bands.price_band_84d - usual.usual_category_price_band_84d as price_band_distance_84d
from pairs
inner join bands on bands.item_id = pairs.item_id
inner join catalogue on catalogue.item_id = pairs.item_id
inner join usual on usual.user_id = pairs.user_id and usual.category = catalogue.category
