/*---
description: At what time of the day an item is bought, and how much of it at weekends, local time.
owner: recommendations
grain: [item_id]
event_time: event_at
max_age: 26h
columns:
  item_id: Item bought in the last twelve weeks.
  item_evening_share_84d: Share of its purchases from 17 o'clock on, drawn to all items' by 20.
  item_weekend_share_84d: Share of its purchases on Saturday or Sunday, drawn likewise.
checks:
  - between: {column: item_evening_share_84d, min: 0, max: 1}
  - between: {column: item_weekend_share_84d, min: 0, max: 1}
---*/
with purchases as (
    select
        item_id,
        event_at at time zone 'UTC' at time zone $timezone as local_at
    from events
    where event_type = 'purchase'
        and event_at >= $as_of - interval 84 day and event_at < $as_of
),

counts as (
    select
        item_id,
        count(*) as n_purchases,
        count(*) filter (hour(local_at) >= 17) as n_evening,
        count(*) filter (isodow(local_at) >= 6) as n_weekend
    from purchases
    group by item_id
),

overall as (
    select
        sum(n_evening) / sum(n_purchases) as evening_share,
        sum(n_weekend) / sum(n_purchases) as weekend_share
    from counts
)

select
    counts.item_id,
    (counts.n_evening + 20 * overall.evening_share) / (counts.n_purchases + 20)
        as item_evening_share_84d,
    (counts.n_weekend + 20 * overall.weekend_share) / (counts.n_purchases + 20)
        as item_weekend_share_84d
from counts
cross join overall
