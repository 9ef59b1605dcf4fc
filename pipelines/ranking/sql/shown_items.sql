-- Every item that users were shown on one surface in a label window, once a page view, and
-- whether they acted on it. An action belongs to the last showing before it of its
-- recommendation, user and item: the same answer on two pages is one recommendation. Where there
-- is none it belongs to the first within $slack after it, which the browser told of later.
with shown as (
    select
        user_id,
        item_id,
        event_at,
        position,
        coalesce(recommendation_id, '') as recommendation_id,
        coalesce(page_view_id, event_id) as page_view
    from impressions
    where
        surface = $surface
        and event_at >= $cutoff
        and event_at < $until
        and received_at < $received_before
),

actions as (
    select event_id, user_id, item_id, event_at, recommendation_id
    from events
    where
        recommendation_id is not null
        and list_contains($types, event_type)
        and event_at >= $cutoff
        and event_at < $until
        and received_at < $received_before
),

before_action as (
    select actions.event_id, shown.*
    from actions
    asof join shown
        on
            actions.user_id = shown.user_id
            and actions.item_id = shown.item_id
            and actions.recommendation_id = shown.recommendation_id
            and actions.event_at >= shown.event_at
),

after_action as (
    select shown.*
    from actions
    anti join before_action on actions.event_id = before_action.event_id
    asof join shown
        on
            actions.user_id = shown.user_id
            and actions.item_id = shown.item_id
            and actions.recommendation_id = shown.recommendation_id
            and actions.event_at <= shown.event_at
    where shown.event_at <= actions.event_at + $slack
),

acted_on as (
    select user_id, recommendation_id, page_view, item_id, true as is_taken
    from before_action
    union
    select user_id, recommendation_id, page_view, item_id, true as is_taken
    from after_action
),

page_views as (
    select user_id, recommendation_id, page_view, item_id, min(position) as position
    from shown
    group by all
)

select
    users.number as user_number,
    items.number as item_number,
    page_views.position,
    coalesce(acted_on.is_taken, false) as is_taken,
    dense_rank() over (
        order by users.number, page_views.page_view, page_views.recommendation_id
    ) - 1 as page_view
from page_views
join users using (user_id)
join items using (item_id)
left join acted_on using (user_id, recommendation_id, page_view, item_id)
order by page_view, item_number
