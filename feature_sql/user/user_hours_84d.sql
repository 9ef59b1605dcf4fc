/*---
description: At what time of the day a user shops, in local time.
owner: recommendations
grain: [user_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper with a purchase in the last twelve weeks.
  user_usual_hour_84d: Median local hour of the purchases, 0 to 24.
  user_evening_share_84d: Share of the purchases made from 17 o'clock on.
checks:
  - between: {column: user_usual_hour_84d, min: 0, max: 24}
  - between: {column: user_evening_share_84d, min: 0, max: 1}
---*/
with purchases as (
    select
        user_id,
        event_at at time zone 'UTC' at time zone $timezone as local_at
    from events
    where event_type = 'purchase'
        and event_at >= $as_of - interval 84 day and event_at < $as_of
)

select
    user_id,
    median(hour(local_at) + minute(local_at) / 60) as user_usual_hour_84d,
    count(*) filter (hour(local_at) >= 17) / count(*) as user_evening_share_84d
from purchases
group by user_id
