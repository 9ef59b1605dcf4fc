/*---
description: How often an item is sold below its usual price.
owner: recommendations
grain: [item_id]
event_time: event_at
max_age: 26h
columns:
  item_id: Item bought with a value and a quantity in the window.
  offer_rate_84d: Share of its purchases a tenth or more below its median, drawn to all by 10.
checks:
  - between: {column: offer_rate_84d, min: 0, max: 1}
---*/
with purchases as (
    select item_id, value / quantity as unit_price
    from events
    where event_type = 'purchase'
        and event_at >= $as_of - interval 84 day and event_at < $as_of
        and quantity > 0 and value > 0
),

prices as (
    select item_id, median_price_84d
    from item_price_84d
),

counts as (
    select
        purchases.item_id,
        count(*) as n_purchases,
        count(*) filter (purchases.unit_price <= 0.9 * prices.median_price_84d) as n_offers
    from purchases
    inner join prices on prices.item_id = purchases.item_id
    group by purchases.item_id
),

overall as (
    select sum(n_offers) / sum(n_purchases) as rate
    from counts
)

select
    counts.item_id,
    (counts.n_offers + 10 * overall.rate) / (counts.n_purchases + 10) as offer_rate_84d
from counts
cross join overall
