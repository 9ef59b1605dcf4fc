/*---
description: >-
  Every line of an invoice of a known customer as one purchase event.
  Cancellations (invoice C…), returns, lines without a customer and lines that are no goods
  (postage, fees, manual corrections) are left out here.
owner: shop-data
grain: [event_id]
event_time: event_at
max_age: 3d
columns:
  event_id: Always null, invoices have no line numbers; the night derives an id.
  user_id: Customer number.
  item_id: Stock code in capitals.
  event_type: Always purchase.
  event_at: Moment of the invoice.
  value: Quantity times unit price.
  quantity: Units on the line.
  session_id: Invoice that the line belongs to.
  received_at: Moment of the invoice, as deliveries carry no moment of their own.
  source_file: File of the line; exports may overlap, and the same line twice in one file is two.
checks:
  - between: {column: value, min: 0}
  - between: {column: quantity, min: 1}
  - values: {column: event_type, allowed: [purchase]}
---*/
with lines as (
    select InvoiceNo, StockCode, Quantity, InvoiceDate, UnitPrice, CustomerID, filename
    from invoices
),

sales as (
    select InvoiceNo, StockCode, Quantity, InvoiceDate, UnitPrice, CustomerID, filename
    from lines
    where CustomerID is not null
        and upper(InvoiceNo) not like 'C%'
        and Quantity > 0
        and UnitPrice >= 0
        and regexp_matches(StockCode, '^[0-9]{5}')
)

select
    cast(null as varchar) as event_id,
    cast(cast(CustomerID as bigint) as varchar) as user_id,
    upper(trim(StockCode)) as item_id,
    'purchase' as event_type,
    cast(InvoiceDate as timestamp) as event_at,
    cast(cast(Quantity as decimal(18, 4)) * cast(UnitPrice as decimal(12, 4)) as decimal(18, 4))
        as value,
    cast(Quantity as decimal(18, 4)) as quantity,
    cast(InvoiceNo as varchar) as session_id,
    cast(InvoiceDate as timestamp) as received_at,
    filename as source_file
from sales
