/*---
description: One list of every pair.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select
    users.user_id,
    len(list(a.range * b.range order by a.range, b.range)) as n_events
from users, range(10000) as a, range(10000) as b
group by users.user_id
