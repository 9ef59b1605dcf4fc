/*---
description: Whether a user buys the cheap or the dear products of a shelf.
owner: recommendations
grain: [user_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper with a purchase in the last twelve weeks.
  user_price_level_84d: Mean price of the items bought, each divided by the median of its category.
  user_store_brand_share_84d: Share of the purchases that carry the tag Store brand.
  user_offer_share_84d: Share of the items bought that cost less this week than usual.
checks:
  - between: {column: user_price_level_84d, min: 0}
  - between: {column: user_store_brand_share_84d, min: 0, max: 1}
  - between: {column: user_offer_share_84d, min: 0, max: 1}
---*/
with purchases as (
    select user_id, item_id, n_purchases_84d
    from user_item_purchases_84d
),

prices as (
    select
        item_id,
        cast(category_price_ratio_84d as decimal(18, 6)) as price_ratio,
        price_ratio_7d < 1 as is_on_offer
    from item_price_84d
),

catalogue as (
    select item_id, coalesce(list_contains(tags, 'Store brand'), false) as is_store_brand
    from items
)

select
    purchases.user_id,
    avg(prices.price_ratio) as user_price_level_84d,
    sum(case when catalogue.is_store_brand then purchases.n_purchases_84d else 0 end)
    / sum(purchases.n_purchases_84d) as user_store_brand_share_84d,
    count(*) filter (prices.is_on_offer) / count(*) as user_offer_share_84d
from purchases
left join prices on prices.item_id = purchases.item_id
left join catalogue on catalogue.item_id = purchases.item_id
group by purchases.user_id
