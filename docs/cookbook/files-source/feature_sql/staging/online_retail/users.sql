/*---
description: Every customer with a number; the segment is where they shop from.
owner: shop-data
grain: [user_id]
event_time: null
max_age: null
columns:
  user_id: Customer number.
  segment: Abroad for customers outside the United Kingdom, else null so that behaviour decides.
  country: Country on most of the customer's lines; ties go to the first by alphabet.
checks:
  - values: {column: segment, allowed: [Abroad]}
---*/
with lines as (
    select cast(cast(CustomerID as bigint) as varchar) as user_id, Country as country
    from invoices
    where CustomerID is not null
),

counts as (
    select user_id, country, count(*) as n_lines
    from lines
    group by user_id, country
),

ranked as (
    select
        user_id,
        country,
        row_number() over (partition by user_id order by n_lines desc, country) as place
    from counts
)

select
    user_id,
    case when country <> 'United Kingdom' then 'Abroad' end as segment,
    country
from ranked
where place = 1
