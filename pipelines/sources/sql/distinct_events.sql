-- One row an event id: the first received; ties are broken by content,
-- so that the order of the input files does not matter.
select *
from identified_events
qualify
    row_number() over (
        partition by event_id
        order by
            received_at, event_at, user_id, item_id, event_type, value, quantity,
            session_id, recommendation_id, position, context
    ) = 1
order by event_at, event_id
