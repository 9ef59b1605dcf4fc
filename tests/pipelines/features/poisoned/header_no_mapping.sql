/*---
- description
---*/
select user_id, count(*) as n_events
from events
where event_at < $as_of
group by user_id
