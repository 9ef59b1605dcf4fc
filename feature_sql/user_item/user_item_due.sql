/*---
description: How due each item is, by the rhythm of the user and of everyone who buys it.
owner: recommendations
grain: [user_id, item_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  item_id: Item that the shopper bought at least once.
  mean_gap_days: Mean days between days with a purchase, null after one such day.
  overdue_days: Days since the last purchase less the mean gap.
  overdue_ratio: Days since the last purchase divided by the mean gap; 1 means due today.
  item_overdue_ratio: The same with the gap that is typical for the item among all its buyers.
  expected_28d: Purchases to expect in 28 days if the mean gap goes on, and less when it has lapsed.
checks:
  - between: {column: mean_gap_days, min: 0}
  - between: {column: expected_28d, min: 0, max: 28}
---*/
with history as (
    select
        user_id,
        item_id,
        days_since_last,
        case
            when n_days >= 2 then (days_since_first - days_since_last) / (n_days - 1)
        end as mean_gap_days
    from user_item_history
),

rhythms as (
    select item_id, typical_gap_days
    from item_rhythm
)

select
    history.user_id,
    history.item_id,
    history.mean_gap_days,
    history.days_since_last - history.mean_gap_days as overdue_days,
    history.days_since_last / nullif(history.mean_gap_days, 0) as overdue_ratio,
    history.days_since_last / nullif(rhythms.typical_gap_days, 0) as item_overdue_ratio,
    case
        when history.mean_gap_days is not null
            then 28 / greatest(history.mean_gap_days, history.days_since_last, 1)
    end as expected_28d
from history
left join rhythms on rhythms.item_id = history.item_id
