/*---
description: Coupons that a household redeemed, with how many products each one was good for.
owner: grocery-data
grain: [user_id, campaign_id, coupon_id, redeemed_at]
event_time: null
max_age: null
columns:
  user_id: Household that redeemed the coupon.
  campaign_id: Campaign that the coupon belongs to.
  coupon_id: Code printed on the coupon.
  redeemed_at: Day of the redemption.
  n_redemptions: Times that the household redeemed it on that day.
  n_items: Products that the coupon was good for in that campaign.
checks:
  - between: {column: n_redemptions, min: 1}
---*/
with redemptions as (
    select
        household_id,
        campaign_id,
        coupon_upc,
        redemption_date,
        count(*) as n_redemptions
    from coupon_redemptions
    group by household_id, campaign_id, coupon_upc, redemption_date
),

coupon_items as (
    select campaign_id, coupon_upc, count(distinct product_id) as n_items
    from coupons
    group by campaign_id, coupon_upc
)

select
    cast(redemptions.household_id as varchar) as user_id,
    cast(redemptions.campaign_id as varchar) as campaign_id,
    cast(redemptions.coupon_upc as varchar) as coupon_id,
    cast(redemptions.redemption_date as timestamp) as redeemed_at,
    redemptions.n_redemptions,
    coalesce(coupon_items.n_items, 0) as n_items
from redemptions
left join coupon_items
    on coupon_items.campaign_id = redemptions.campaign_id
    and coupon_items.coupon_upc = redemptions.coupon_upc
