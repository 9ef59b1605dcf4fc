-- Good events with an id: the client's, else derived from the row itself,
-- so that the same row delivered twice is the same event.
-- The n-th of several identical rows of one file counts as an event of its own.
with numbered as (
    select
        *,
        row_number() over (
            partition by
                source_file, user_id, item_id, event_type, event_at, session_id, event_id
            order by value, quantity, recommendation_id, position, context, received_at
        ) as n
    from checked_events
    where reason is null
)

select
    coalesce(
        event_id,
        sha256(
            concat_ws(
                chr(31),
                $source,
                user_id,
                item_id,
                event_type,
                epoch_us(event_at)::varchar,
                coalesce(session_id, ''),
                n::varchar
            )
        )
    ) as event_id,
    user_id,
    item_id,
    event_type,
    event_at,
    value,
    quantity,
    session_id,
    recommendation_id,
    position,
    context,
    received_at
from numbered
