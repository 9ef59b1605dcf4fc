/*---
description: How well an item suits a user, by the vectors of both.
owner: recommendations
grain: [user_id, item_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  item_id: Item that the shopper bought in the last twelve weeks.
  user_item_cosine_84d: Cosine of the user's and the item's vector.
  recent_items_cosine_84d: Cosine of the item's vector and the mean of the last four weeks' items.
checks:
  - between: {column: user_item_cosine_84d, min: -1.0001, max: 1.0001}
  - between: {column: recent_items_cosine_84d, min: -1.0001, max: 1.0001}
---*/
with pairs as (
    select user_id, item_id
    from user_item_purchases_84d
),

user_vectors as (
    select user_id, vector
    from user_embeddings
    where list_inner_product(vector, vector) > 0
),

item_vectors as (
    select item_id, vector
    from item_embeddings
    where list_inner_product(vector, vector) > 0
),

tastes as (
    select user_id, taste_vector
    from user_taste_28d
    where list_inner_product(taste_vector, taste_vector) > 0
)

select
    pairs.user_id,
    pairs.item_id,
    list_cosine_similarity(user_vectors.vector, item_vectors.vector) as user_item_cosine_84d,
    list_cosine_similarity(tastes.taste_vector, item_vectors.vector) as recent_items_cosine_84d
from pairs
inner join user_vectors on user_vectors.user_id = pairs.user_id
inner join item_vectors on item_vectors.item_id = pairs.item_id
left join tastes on tastes.user_id = pairs.user_id
