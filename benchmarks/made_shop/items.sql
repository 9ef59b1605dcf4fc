/*---
description: Made items of the benchmark, 200 categories.
owner: benchmarks
grain: [item_id]
event_time: null
max_age: null
columns:
  item_id: Made item.
  title: A title of its own.
  category: One of 200.
checks: []
---*/
select
    'i' || cast(item_number as varchar) as item_id,
    'Item ' || cast(item_number as varchar) as title,
    'Category ' || cast(item_number % 200 as varchar) as category
from products
