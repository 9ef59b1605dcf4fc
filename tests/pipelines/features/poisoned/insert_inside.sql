/*---
description: A statement in a common table expression.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
with added as (
    insert into events (user_id) values ('mallory') returning user_id
)

select user_id, 1 as n_events
from added
