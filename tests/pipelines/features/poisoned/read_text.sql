/*---
description: Reads a file in a subquery.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select user_id, (select length(content) from read_text('/proc/self/environ')) as n_events
from users
