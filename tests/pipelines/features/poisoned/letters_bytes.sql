/*---
description: Not UTF-8.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select user_id, 'ÿþ' as n_events
from users
