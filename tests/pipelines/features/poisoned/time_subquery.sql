/*---
description: Looks ahead in a subquery.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select
    users.user_id,
    (select count(*) from events where events.user_id = users.user_id) as n_events
from users
