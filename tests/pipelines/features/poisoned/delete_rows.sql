/*---
description: Deletes rows.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
delete from events where user_id is not null
