/*---
description: From which price band a user usually buys, whatever the category.
owner: recommendations
grain: [user_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper with a purchase of a priced item in the last twelve weeks.
  usual_price_band_84d: Mean price band of the purchases, 1 to 5.
  cheapest_band_share_84d: Share of the purchases that were of the cheapest band.
checks:
  - between: {column: usual_price_band_84d, min: 1, max: 5}
  - between: {column: cheapest_band_share_84d, min: 0, max: 1}
---*/
with purchases as (
    select user_id, item_id, n_purchases_84d as n_purchases
    from user_item_purchases_84d
),

bands as (
    select item_id, price_band_84d
    from item_price_band_84d
)

select
    purchases.user_id,
    sum(purchases.n_purchases * bands.price_band_84d) / sum(purchases.n_purchases)
        as usual_price_band_84d,
    sum(case when bands.price_band_84d = 1 then purchases.n_purchases else 0 end)
    / sum(purchases.n_purchases) as cheapest_band_share_84d
from purchases
inner join bands on bands.item_id = purchases.item_id
group by purchases.user_id
