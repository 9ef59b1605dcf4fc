/*---
description: How often, how long and how recently each user bought each item.
owner: recommendations
grain: [user_id, item_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  item_id: Item that the shopper bought at least once.
  n_purchases: Purchases ever, one a line of a receipt.
  n_days: Different days with a purchase.
  days_since_first: Days from the first purchase to as_of, in steps of an hour.
  days_since_last: Days from the last purchase to as_of, in steps of an hour.
  quantity: Units bought ever.
  spent: Value of all purchases.
checks:
  - between: {column: n_purchases, min: 1}
  - between: {column: days_since_last, min: 0}
---*/
with purchases as (
    select user_id, item_id, event_at, cast(event_at as date) as bought_on, quantity, value
    from events
    where event_type = 'purchase' and event_at < $as_of
),

-- Days first: counting distinct days in one step takes half as long again.
days as (
    select
        user_id,
        item_id,
        bought_on,
        count(*) as n_purchases,
        min(event_at) as first_at,
        max(event_at) as last_at,
        sum(quantity) as quantity,
        sum(value) as spent
    from purchases
    group by user_id, item_id, bought_on
)

select
    user_id,
    item_id,
    cast(sum(n_purchases) as bigint) as n_purchases,
    count(*) as n_days,
    date_diff('hour', min(first_at), $as_of) / 24.0 as days_since_first,
    date_diff('hour', max(last_at), $as_of) / 24.0 as days_since_last,
    sum(quantity) as quantity,
    sum(spent) as spent
from days
group by user_id, item_id
