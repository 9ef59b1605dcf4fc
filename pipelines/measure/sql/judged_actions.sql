-- Every collected action on an item, and why it is left out; null: it counts.
with copies as (
    select
        event_id,
        user_id,
        item_id,
        event_type,
        event_at,
        received_at,
        value,
        recommendation_id,
        row_number() over (partition by event_id order by received_at, event_at) as nth_copy
    from collected_actions
    where
        event_at >= $since
        and event_at < $before
        and item_id is not null
        and event_type <> 'impression'
),

automated as (
    select distinct user_id, shown_on
    from judged_impressions
    where left_out = 'automated'
)

select
    copies.* exclude (nth_copy),
    case
        when copies.nth_copy > 1 then 'duplicate'
        when copies.event_at > copies.received_at + $max_skew then 'ahead_of_clock'
        when automated.user_id is not null then 'automated'
    end as left_out
from copies
left join automated
    on
        copies.user_id = automated.user_id
        and cast(copies.event_at as date) = automated.shown_on
