/*---
description: Writes a file.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
copy (select user_id from users) to 'users.csv'
