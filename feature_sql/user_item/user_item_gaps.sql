/*---
description: Days between purchases of items that a user bought on three days or more.
owner: recommendations
grain: [user_id, item_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  item_id: Item bought on at least three different days.
  median_gap_days: Median days from one day with a purchase to the next.
  std_gap_days: Standard deviation of those days, small for a steady habit.
  last_gap_days: Days between the last two days with a purchase.
checks:
  - between: {column: median_gap_days, min: 1}
  - between: {column: std_gap_days, min: 0}
---*/
with purchases as (
    select user_id, item_id, cast(event_at as date) as bought_on
    from events
    where event_type = 'purchase' and event_at < $as_of
),

habits as (
    select user_id, item_id
    from user_item_history
    where n_days >= 3
),

days as (
    select distinct purchases.user_id, purchases.item_id, purchases.bought_on
    from purchases
    inner join habits
        on habits.user_id = purchases.user_id and habits.item_id = purchases.item_id
),

gaps as (
    select
        user_id,
        item_id,
        bought_on,
        bought_on - lag(bought_on) over (
            partition by user_id, item_id order by bought_on
        ) as gap_days
    from days
)

select
    user_id,
    item_id,
    median(gap_days) as median_gap_days,
    -- From whole numbers, so that the order of the rows cannot matter.
    sqrt(count(*) * sum(gap_days * gap_days) - sum(gap_days) * sum(gap_days)) / count(*)
        as std_gap_days,
    arg_max(gap_days, bought_on) as last_gap_days
from gaps
where gap_days is not null
group by user_id, item_id
