/*---
description: What a user usually pays for an item, beside what others pay.
owner: recommendations
grain: [user_id, item_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper.
  item_id: Item that the shopper bought at least once.
  mean_price_paid: Value per unit over all purchases, null when no unit was counted.
  price_ratio: Mean price paid divided by the item's median price of the last twelve weeks.
  mean_quantity: Units in a purchase.
checks:
  - between: {column: mean_price_paid, min: 0}
  - between: {column: price_ratio, min: 0}
---*/
with history as (
    select user_id, item_id, n_purchases, quantity, spent
    from user_item_history
),

prices as (
    select item_id, median_price_84d
    from item_price_84d
)

select
    history.user_id,
    history.item_id,
    history.spent / nullif(history.quantity, 0) as mean_price_paid,
    history.spent / nullif(history.quantity, 0) / nullif(prices.median_price_84d, 0) as price_ratio,
    history.quantity / history.n_purchases as mean_quantity
from history
left join prices on prices.item_id = history.item_id
