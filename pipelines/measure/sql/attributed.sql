-- Each action with the one showing that it is owed to; none where nothing was shown.
with actions as (
    select * from judged_actions where left_out is null
),

-- The action names the list that it came from: only that list counts.
by_list as (
    select
        actions.event_id,
        shown.shown_id,
        shown.position,
        shown.shown_at > actions.event_at as is_early,
        abs(epoch_us(actions.event_at) - epoch_us(shown.shown_at)) as apart,
        'list' as matched_by
    from actions
    inner join shown
        on
            actions.user_id = shown.user_id
            and actions.item_id = shown.item_id
            and actions.recommendation_id = shown.recommendation_id
    where
        actions.event_at >= shown.shown_at - $order_slack
        and actions.event_at < shown.shown_at + $attribution_window
),

-- It does not: what the user was shown of the item before.
by_item as (
    select
        actions.event_id,
        shown.shown_id,
        shown.position,
        false as is_early,
        epoch_us(actions.event_at) - epoch_us(shown.shown_at) as apart,
        'item' as matched_by
    from actions
    inner join shown on actions.user_id = shown.user_id and actions.item_id = shown.item_id
    where
        actions.recommendation_id is null
        and actions.event_at >= shown.shown_at
        and actions.event_at < shown.shown_at + if(
            actions.event_type = 'click',
            least($click_window, $attribution_window),
            $attribution_window
        )
),

touches as (
    select * from by_list
    union all
    select * from by_item
),

-- The last showing before the action; where there is none, the first after it.
last_touches as (
    select *
    from touches
    qualify
        row_number() over (
            partition by event_id
            order by is_early, apart, position, shown_id desc
        ) = 1
)

select
    actions.event_id,
    actions.user_id,
    actions.item_id,
    actions.event_type,
    actions.event_at,
    actions.value,
    actions.recommendation_id is not null as has_list,
    last_touches.shown_id,
    last_touches.matched_by
from actions
left join last_touches on actions.event_id = last_touches.event_id
