/*---
description: The middle of a category's items, for other files to compare with.
owner: recommendations
grain: [category]
event_time: event_at
max_age: 26h
columns:
  category: Category of an item with a vector.
  category_vector: Mean of its items' vectors, each brought to length one.
checks: []
online: false
---*/
with catalogue as (
    select item_id, category
    from items
    where category is not null
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
        catalogue.category,
        directions.place,
        sum(cast(directions.value / directions.length as decimal(18, 9))) / count(*) as value
    from directions
    inner join catalogue on catalogue.item_id = directions.item_id
    group by catalogue.category, directions.place
)

select category, list(cast(value as float) order by place) as category_vector
from means
group by category
