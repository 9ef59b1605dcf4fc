/*---
description: In which fifth of its category's prices an item lies.
owner: recommendations
grain: [item_id]
event_time: event_at
max_age: 26h
columns:
  item_id: Item of a category, with a price in the last twelve weeks.
  price_band_84d: 1 for the cheapest fifth of the category's items, 5 for the dearest.
checks:
  - between: {column: price_band_84d, min: 1, max: 5}
---*/
with catalogue as (
    select item_id, category
    from items
    where category is not null
),

prices as (
    select catalogue.category, item_price_84d.item_id, item_price_84d.median_price_84d
    from item_price_84d
    inner join catalogue on catalogue.item_id = item_price_84d.item_id
),

-- Items of one price share a place, and so a band.
places as (
    select
        item_id,
        percent_rank() over (partition by category order by median_price_84d) as place
    from prices
)

select item_id, cast(least(floor(place * 5) + 1, 5) as integer) as price_band_84d
from places
