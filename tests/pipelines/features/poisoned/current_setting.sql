/*---
description: Reads a setting.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
select user_id, length(current_setting('temp_directory')) as n_events
from users
