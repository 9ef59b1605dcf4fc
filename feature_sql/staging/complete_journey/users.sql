/*---
description: Every household seen at the till or in the survey, which about one in three answered.
owner: grocery-data
grain: [user_id]
event_time: null
max_age: null
columns:
  user_id: Household.
  segment: Life stage for shoppers who told us about themselves, else null.
  age: Age band of the main shopper.
  income: Yearly income band.
  home_ownership: Homeowner, renter or likely one of them.
  marital_status: Married or unmarried.
  household_size: Number of people, 5+ for five or more.
  household_comp: Adults and whether there are kids.
  kids_count: Number of kids, 3+ for three or more.
  created_at: Always null, nobody recorded when a household joined.
checks:
  - values:
      column: segment
      allowed: [Families with kids, Younger couples, Older couples, Younger singles, Older singles]
---*/
with households as (
    select household_id from transactions
    union
    select household_id from demographics
),

life_stages as (
    select
        household_id,
        case
            when household_comp in ('1 Adult Kids', '2 Adults Kids') then 'Families with kids'
            when household_comp = '2 Adults No Kids' and age in ('19-24', '25-34', '35-44')
                then 'Younger couples'
            when household_comp = '2 Adults No Kids' and age is not null then 'Older couples'
            when household_comp = '1 Adult No Kids' and age in ('19-24', '25-34', '35-44')
                then 'Younger singles'
            when household_comp = '1 Adult No Kids' and age is not null then 'Older singles'
        end as segment
    from demographics
)

select
    cast(households.household_id as varchar) as user_id,
    life_stages.segment,
    demographics.age,
    demographics.income,
    demographics.home_ownership,
    demographics.marital_status,
    demographics.household_size,
    demographics.household_comp,
    demographics.kids_count,
    cast(null as timestamp) as created_at
from households
left join demographics on demographics.household_id = households.household_id
left join life_stages on life_stages.household_id = households.household_id
where households.household_id is not null
