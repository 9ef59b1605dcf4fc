/*---
description: Made purchases of the benchmark.
owner: benchmarks
grain: [event_id]
event_time: event_at
max_age: null
columns:
  event_id: Number of the made row.
  user_id: Made user.
  item_id: Made item.
  event_type: Always purchase.
  event_at: Made moment.
  value: Price times quantity.
  quantity: Pieces.
  session_id: The user's day.
checks: []
---*/
select
    cast(row_number as varchar) as event_id,
    'u' || cast(user_number as varchar) as user_id,
    'i' || cast(item_number as varchar) as item_id,
    'purchase' as event_type,
    bought_at as event_at,
    cast(price * quantity as decimal(18, 4)) as value,
    cast(quantity as decimal(18, 4)) as quantity,
    cast(user_number as varchar) || '-' || strftime(bought_at, '%Y%m%d') as session_id
from purchases
