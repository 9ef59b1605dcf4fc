/*---
description: From which price band of a category a user usually buys.
owner: recommendations
grain: [user_id, category]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  category: Category of a priced item that the shopper bought in the last twelve weeks.
  usual_category_price_band_84d: Mean band of the purchases, drawn to the user's usual band by two.
checks:
  - between: {column: usual_category_price_band_84d, min: 1, max: 5}
---*/
with purchases as (
    select user_id, item_id, n_purchases_84d as n_purchases
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
    select user_id, usual_price_band_84d
    from user_price_band_84d
),

shelves as (
    select
        purchases.user_id,
        catalogue.category,
        sum(purchases.n_purchases) as n_purchases,
        sum(purchases.n_purchases * bands.price_band_84d) as n_bands
    from purchases
    inner join bands on bands.item_id = purchases.item_id
    inner join catalogue on catalogue.item_id = purchases.item_id
    group by purchases.user_id, catalogue.category
)

select
    shelves.user_id,
    shelves.category,
    (shelves.n_bands + 2 * usual.usual_price_band_84d) / (shelves.n_purchases + 2)
        as usual_category_price_band_84d
from shelves
inner join usual on usual.user_id = shelves.user_id
