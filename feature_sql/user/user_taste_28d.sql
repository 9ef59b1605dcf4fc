/*---
description: The middle of what a user bought lately, for other files to compare with.
owner: recommendations
grain: [user_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper who bought an item with a vector in the last four weeks.
  taste_vector: Mean of the vectors of those items, each item once and brought to length one.
checks: []
online: false
---*/
with pairs as (
    select user_id, item_id
    from user_item_purchases_28d
),

directions as (
    select
        item_id,
        unnest(vector) as value,
        generate_subscripts(vector, 1) as place,
        sqrt(list_inner_product(vector, vector)) as length
    from item_embeddings
    where list_inner_product(vector, vector) > 0
),

-- Decimals, so that the order of the rows cannot matter.
means as (
    select
        pairs.user_id,
        directions.place,
        sum(cast(directions.value / directions.length as decimal(18, 9))) / count(*) as value
    from pairs
    inner join directions on directions.item_id = pairs.item_id
    group by pairs.user_id, directions.place
)

select user_id, list(cast(value as float) order by place) as taste_vector
from means
group by user_id
