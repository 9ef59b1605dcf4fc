/*---
description: How readily each user tries items that are new to them.
owner: recommendations
grain: [user_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper with a purchase in the last twelve weeks.
  n_new_items_84d: Items bought for the first time in the last twelve weeks.
  explorer_share_84d: Share of the items bought in the last twelve weeks that were new.
  user_repeat_share: Share of the items ever bought that were bought on two days or more.
checks:
  - between: {column: explorer_share_84d, min: 0, max: 1}
  - between: {column: user_repeat_share, min: 0, max: 1}
---*/
with history as (
    select user_id, n_days, days_since_first, days_since_last
    from user_item_history
)

select
    user_id,
    count(*) filter (days_since_first <= 84) as n_new_items_84d,
    count(*) filter (days_since_first <= 84) / count(*) filter (days_since_last <= 84)
        as explorer_share_84d,
    count(*) filter (n_days >= 2) / count(*) as user_repeat_share
from history
group by user_id
having count(*) filter (days_since_last <= 84) > 0
