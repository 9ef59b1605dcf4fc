/*---
description: Interest shown in an item by any kind of event, weighed as in the settings.
owner: recommendations
grain: [user_id, item_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  item_id: Item with an event of a weighed type.
  n_events_28d: Events of any weighed type in the window.
  interest_28d: Sum of the events' weights.
  days_since_event: Days from the last such event to as_of, in steps of an hour.
checks:
  - between: {column: n_events_28d, min: 1}
  - between: {column: interest_28d, min: 0}
---*/
with recent as (
    select user_id, item_id, event_type, event_at
    from events
    where event_at >= $as_of - interval 28 day and event_at < $as_of
),

weights as (
    select event_type, cast(weight as decimal(18, 9)) as weight
    from event_weights
)

select
    recent.user_id,
    recent.item_id,
    count(*) as n_events_28d,
    sum(weights.weight) as interest_28d,
    date_diff('hour', max(recent.event_at), $as_of) / 24.0 as days_since_event
from recent
inner join weights on weights.event_type = recent.event_type
group by recent.user_id, recent.item_id
