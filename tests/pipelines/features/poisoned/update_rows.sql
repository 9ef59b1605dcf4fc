/*---
description: Changes rows.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
update events set user_id = 'mallory'
