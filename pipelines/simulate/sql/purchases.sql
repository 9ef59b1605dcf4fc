-- Purchases before a moment, each with its day, counted back from the moment: 0 is the day before.
select
    users.number as user_number,
    items.number as item_number,
    cast(floor(epoch($moment - events.event_at) / 86400.0) as integer) as days_ago,
    cast(hour(events.event_at) as integer) as hour
from events
join users using (user_id)
join items using (item_id)
where
    events.event_type = 'purchase'
    and events.event_at < $moment
    and events.event_at >= $since
order by events.event_at, events.event_id
