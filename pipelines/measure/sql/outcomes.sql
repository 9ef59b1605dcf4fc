-- What became of every item shown within the span measured.
with owed as (
    select
        shown_id,
        count(*) filter (where event_type = 'click') as n_clicks,
        count(*) filter (where list_contains($accepted, event_type)) as n_actions,
        count(*) filter (where event_type = 'purchase') as n_purchases,
        coalesce(sum(value) filter (where event_type = 'purchase'), 0) as value
    from attributed
    where shown_id is not null
    group by shown_id
),

-- The user's earlier showings of the item, not those of the same moment.
before as (
    select
        shown_id,
        count(*) over (
            partition by user_id, item_id
            order by shown_at
            range between unbounded preceding and interval 1 microsecond preceding
        ) as n_before
    from shown
    where shown_at >= $repeats_since
),

taken as (
    select user_id, item_id, min(event_at) as taken_at
    from attributed
    where list_contains($accepted, event_type) and event_at >= $repeats_since
    group by user_id, item_id
)

select
    shown.*,
    coalesce(owed.n_clicks, 0) as n_clicks,
    coalesce(owed.n_actions, 0) as n_actions,
    coalesce(owed.n_purchases, 0) as n_purchases,
    coalesce(owed.value, 0) as value,
    case
        when taken.taken_at < shown.shown_at then 'taken'
        when before.n_before > 0 then 'again'
        else 'novel'
    end as exposure,
    before.n_before
from shown
inner join before on shown.shown_id = before.shown_id
left join owed on shown.shown_id = owed.shown_id
left join taken on shown.user_id = taken.user_id and shown.item_id = taken.item_id
where shown.shown_at >= $begin and shown.shown_at < $end
