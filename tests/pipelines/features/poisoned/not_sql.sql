/*---
description: Not SQL.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
selec user_id form users
