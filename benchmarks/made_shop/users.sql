/*---
description: Made users of the benchmark, six segments.
owner: benchmarks
grain: [user_id]
event_time: null
max_age: null
columns:
  user_id: Made user.
  segment: One of six.
checks: []
---*/
select
    'u' || cast(user_number as varchar) as user_id,
    'Segment ' || cast(user_number % 6 as varchar) as segment
from customers
