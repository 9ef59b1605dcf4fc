/*---
description: Purchases that count for less the older they are, at three speeds.
owner: recommendations
grain: [user_id, item_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  item_id: Item that the shopper bought at least once.
  decayed_14d: Purchases, each worth half as much for every 14 days of age.
  decayed_56d: Purchases, each worth half as much for every 56 days of age.
  decayed_168d: Purchases, each worth half as much for every 168 days of age.
checks:
  - between: {column: decayed_168d, min: 0}
---*/
with purchases as (
    select user_id, item_id, date_diff('hour', event_at, $as_of) / 24.0 as age_days
    from events
    where event_type = 'purchase' and event_at < $as_of
),

-- Rounded to a decimal before the sum, so that the order of the rows cannot matter.
worths as (
    select
        user_id,
        item_id,
        cast(pow(0.5, age_days / 14) as decimal(18, 9)) as worth_14d,
        cast(pow(0.5, age_days / 56) as decimal(18, 9)) as worth_56d,
        cast(pow(0.5, age_days / 168) as decimal(18, 9)) as worth_168d
    from purchases
)

select
    user_id,
    item_id,
    sum(worth_14d) as decayed_14d,
    sum(worth_56d) as decayed_56d,
    sum(worth_168d) as decayed_168d
from worths
group by user_id, item_id
