/*---
description: Inserts a row.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
insert into events (user_id) values ('mallory')
