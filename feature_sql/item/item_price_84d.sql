/*---
description: What an item costs, whether it is cheap now, and how dear it is for its shelf.
owner: recommendations
grain: [item_id]
event_time: event_at
max_age: 26h
columns:
  item_id: Item bought with a value and a quantity in the window.
  median_price_84d: Median value of a unit in the last twelve weeks.
  price_ratio_7d: Median of the last week divided by that of twelve weeks; below 1 it is on offer.
  category_price_ratio_84d: Median price divided by the median of its category's items.
checks:
  - between: {column: median_price_84d, min: 0}
  - between: {column: price_ratio_7d, min: 0}
---*/
with recent as (
    select
        item_id,
        value / quantity as unit_price,
        event_at >= $as_of - interval 7 day as is_last_week
    from events
    where event_type = 'purchase'
        and event_at >= $as_of - interval 84 day and event_at < $as_of
        and quantity > 0 and value > 0
),

catalogue as (
    select item_id, category
    from items
),

prices as (
    select
        item_id,
        median(unit_price) as median_price,
        median(unit_price) filter (is_last_week) as median_price_7d
    from recent
    group by item_id
),

category_prices as (
    select catalogue.category, median(prices.median_price) as median_price
    from prices
    inner join catalogue on catalogue.item_id = prices.item_id
    group by catalogue.category
)

select
    prices.item_id,
    prices.median_price as median_price_84d,
    prices.median_price_7d / prices.median_price as price_ratio_7d,
    prices.median_price / category_prices.median_price as category_price_ratio_84d
from prices
left join catalogue on catalogue.item_id = prices.item_id
left join category_prices on category_prices.category = catalogue.category
