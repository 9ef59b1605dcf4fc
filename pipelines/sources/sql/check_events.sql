-- Canonical events with the first reason for which a row must go to quarantine.
-- Reads mapped_events (the staging SQL's rows with canonical names and types)
-- collected_events (canonical already) and known_types; moments are local to $event_zone and $received_zone.
-- A moment too far away to be moved to UTC stays as it is, out of range in any zone.
with utc as (
    select
        * replace (
            nullif(event_id, '') as event_id,
            coalesce(
                try(timezone('UTC', timezone($event_zone, event_at))), event_at
            ) as event_at,
            coalesce(
                try(timezone('UTC', timezone($received_zone, received_at))), received_at
            ) as received_at
        )
    from mapped_events
),

-- What the web tier collected is in UTC already; it meets the source's rows here,
-- so that both are checked, identified and told apart in the same way.
delivered as (
    select * from utc
    union all by name
    select * from collected_events
)

select
    event_id,
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
    coalesce(received_at, event_at) as received_at,
    source_file,
    case
        when user_id is null or user_id = '' then 'missing user_id'
        when length(user_id) > 128 then 'user_id longer than 128 characters'
        when contains(user_id, chr(0)) then 'user_id with a NUL character'
        when item_id is null or item_id = '' then 'missing item_id'
        when length(item_id) > 128 then 'item_id longer than 128 characters'
        when contains(item_id, chr(0)) then 'item_id with a NUL character'
        when event_at is null then 'missing or unparsable event_at'
        when event_at < '1990-01-01'::timestamp or event_at >= '2200-01-01'::timestamp
            then 'event_at out of range (1990 to 2199)'
        when received_at < '1990-01-01'::timestamp or received_at >= '2200-01-01'::timestamp
            then 'received_at out of range (1990 to 2199)'
        when event_type is null then 'missing event_type'
        when event_type not in (select event_type from known_types) then 'unknown event_type'
        when value < 0 then 'negative value'
        when quantity < 0 then 'negative quantity'
        when length(event_id) > 128 then 'event_id longer than 128 characters'
    end as reason
from delivered
