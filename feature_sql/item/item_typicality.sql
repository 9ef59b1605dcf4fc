/*---
description: How close an item is to the middle of its category.
owner: recommendations
grain: [item_id]
event_time: event_at
max_age: 26h
columns:
  item_id: Item of a category, with a vector.
  item_typicality: Cosine of the item's vector and the mean of its category's, 1 for the middle.
checks:
  - between: {column: item_typicality, min: -1.0001, max: 1.0001}
---*/
with catalogue as (
    select item_id, category
    from items
),

vectors as (
    select item_id, vector
    from item_embeddings
    where list_inner_product(vector, vector) > 0
),

middles as (
    select category, category_vector
    from category_vector
    where list_inner_product(category_vector, category_vector) > 0
)

select
    vectors.item_id,
    list_cosine_similarity(vectors.vector, middles.category_vector) as item_typicality
from vectors
inner join catalogue on catalogue.item_id = vectors.item_id
inner join middles on middles.category = catalogue.category
