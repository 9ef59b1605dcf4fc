/*---
description: How well a category suits a user, by its middle and the user's best categories.
owner: recommendations
grain: [user_id, category]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  category: Category that the shopper bought from in the last twelve weeks.
  user_category_cosine_84d: Cosine of the user's vector and the mean of the category's.
  nearest_own_category_84d: Highest cosine with another of the user's best three categories.
checks:
  - between: {column: user_category_cosine_84d, min: -1.0001, max: 1.0001}
  - between: {column: nearest_own_category_84d, min: -1.0001, max: 1.0001}
---*/
with shelves as (
    select user_id, category
    from user_category_purchases_84d
),

user_vectors as (
    select user_id, vector
    from user_embeddings
    where list_inner_product(vector, vector) > 0
),

middles as (
    select category, category_vector
    from category_vector
    where list_inner_product(category_vector, category_vector) > 0
),

-- Each pair of categories once, and not once for every user.
alike as (
    select
        middles.category,
        others.category as other_category,
        list_cosine_similarity(middles.category_vector, others.category_vector) as cosine
    from middles
    inner join middles as others on others.category <> middles.category
),

best as (
    select user_id, unnest(top_categories[1:3]) as category
    from user_top_categories
),

nearest as (
    select shelves.user_id, shelves.category, max(alike.cosine) as cosine
    from shelves
    inner join best on best.user_id = shelves.user_id
    inner join alike
        on alike.category = shelves.category and alike.other_category = best.category
    group by shelves.user_id, shelves.category
)

select
    shelves.user_id,
    shelves.category,
    list_cosine_similarity(user_vectors.vector, middles.category_vector)
        as user_category_cosine_84d,
    nearest.cosine as nearest_own_category_84d
from shelves
inner join user_vectors on user_vectors.user_id = shelves.user_id
inner join middles on middles.category = shelves.category
left join nearest on nearest.user_id = shelves.user_id and nearest.category = shelves.category
