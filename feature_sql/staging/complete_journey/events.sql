/*---
description: Every line of a till receipt as one purchase event.
owner: grocery-data
grain: [event_id]
event_time: event_at
max_age: 26h
columns:
  event_id: Always null, the till has no line numbers; the night derives an id.
  user_id: Household that paid.
  item_id: Product on the line.
  event_type: Always purchase.
  event_at: Moment of the receipt.
  value: Dollars paid for the line after discounts.
  quantity: Units on the line, very large for fuel.
  session_id: Basket that the line belongs to.
  recommendation_id: Always null, nothing was recommended.
  position: Always null, nothing was shown.
  context: Always null, the till knows none.
  received_at: Moment of the receipt, as deliveries carry no moment of their own.
checks:
  - between: {column: value, min: 0, max: 10000}
  - between: {column: quantity, min: 0}
  - values: {column: event_type, allowed: [purchase]}
---*/
select
    cast(null as varchar) as event_id,
    cast(household_id as varchar) as user_id,
    cast(product_id as varchar) as item_id,
    'purchase' as event_type,
    cast(transaction_timestamp as timestamp) as event_at,
    cast(sales_value as decimal(18, 4)) as value,
    cast(quantity as decimal(18, 4)) as quantity,
    cast(basket_id as varchar) as session_id,
    cast(null as varchar) as recommendation_id,
    cast(null as integer) as position,
    cast(null as varchar) as context,
    cast(transaction_timestamp as timestamp) as received_at
from transactions
