-- What was read of the span measured, what of it was left out, and what was attributed how.
with impressions as (
    select 'items shown' as subject, coalesce(left_out, 'counted') as what
    from judged_impressions
    where event_at >= $begin and event_at < $end
),

actions as (
    select 'actions' as subject, coalesce(left_out, 'counted') as what
    from judged_actions
    where event_at >= $begin and event_at < $end
),

attribution as (
    select
        if(event_type = 'click', 'clicks', 'other actions') as subject,
        case
            when matched_by = 'list' then 'by_list'
            when matched_by = 'item' then 'by_item'
            when has_list then 'without_impression'
            else 'not_of_a_list'
        end as what
    from attributed
    where event_at >= $begin and event_at < $end
),

everything as (
    select * from impressions
    union all
    select * from actions
    union all
    select * from attribution
)

select subject, what, count(*) as n
from everything
group by subject, what
order by subject, what
