-- Every collected row of an item shown, and why it is left out; null: it counts.
with copies as (
    select
        *,
        cast(event_at as date) as shown_on,
        row_number() over (
            partition by event_id, position
            order by received_at, item_id, user_id
        ) as nth_copy
    from collected_impressions
    where event_at >= $since and event_at < $before
),

-- An impression is a list on a page view, in however many events it was sent.
views as (
    select
        *,
        row_number() over (
            partition by
                nth_copy = 1,
                user_id,
                recommendation_id,
                coalesce(page_view_id, event_id),
                position,
                item_id
            order by event_at, received_at, event_id
        ) as nth_view
    from copies
),

judged as (
    select
        * exclude (nth_copy, nth_view),
        case
            when nth_copy > 1 then 'duplicate'
            when event_at > received_at + $max_skew then 'ahead_of_clock'
            when nth_view > 1 then 'same_page_view'
            when user_id = '' then 'visitor'
        end as problem
    from views
)

select
    * exclude (problem),
    case
        when problem is not null then problem
        when
            count(*) filter (where problem is null) over (partition by user_id, shown_on)
            > $max_daily_items then 'automated'
    end as left_out
from judged
