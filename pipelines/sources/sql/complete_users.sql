-- A row for every user id seen in users or events; the first of several by content.
with delivered as (
    select *
    from mapped_users
    where user_id is not null and user_id <> '' and length(user_id) <= 128
    qualify row_number() over (partition by user_id order by created_at desc nulls last, segment) = 1
)

select *
from delivered
union all by name
select distinct user_id
from distinct_events
where user_id not in (select user_id from delivered)
order by user_id
