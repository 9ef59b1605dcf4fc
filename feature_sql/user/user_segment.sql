/*---
description: One readable segment for each shopper, by what they told us, else by how they shop.
owner: recommendations
grain: [user_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper with an event before as_of.
  segment: Segment of the users table where known, else one of five by behaviour in twelve weeks.
checks:
  - not_null: {column: segment}
---*/
with shoppers as (
    select distinct user_id
    from events
    where event_at < $as_of
),

known as (
    select user_id, segment
    from users
),

activity as (
    select user_id, n_user_baskets_84d as n_baskets, user_basket_size_84d as basket_size
    from user_activity_84d
),

middle as (
    select median(n_baskets) as n_baskets, median(basket_size) as basket_size
    from activity
),

behaviour as (
    select
        activity.user_id,
        case
            when activity.n_baskets > middle.n_baskets
                and activity.basket_size > middle.basket_size then 'Frequent big baskets'
            when activity.n_baskets > middle.n_baskets then 'Frequent small baskets'
            when activity.basket_size > middle.basket_size then 'Occasional big baskets'
            else 'Occasional small baskets'
        end as segment
    from activity
    cross join middle
)

select
    shoppers.user_id,
    coalesce(known.segment, behaviour.segment, 'Not seen lately') as segment
from shoppers
left join known on known.user_id = shoppers.user_id
left join behaviour on behaviour.user_id = shoppers.user_id
