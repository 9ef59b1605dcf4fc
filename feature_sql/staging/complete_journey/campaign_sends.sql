/*---
description: Which household was sent which coupon campaign, and when the campaign ran.
owner: grocery-data
grain: [user_id, campaign_id]
event_time: null
max_age: null
columns:
  user_id: Household that got the mailing.
  campaign_id: Campaign that the mailing belongs to.
  campaign_type: Type A mailings are tailored to the household, B and C are the same for everyone.
  sent_at: First day of the campaign, the best known moment of the mailing.
  ends_at: Last day on which its coupons are taken.
checks:
  - not_null: {column: sent_at}
  - values: {column: campaign_type, allowed: [Type A, Type B, Type C]}
---*/
select distinct
    cast(campaigns.household_id as varchar) as user_id,
    cast(campaigns.campaign_id as varchar) as campaign_id,
    campaign_descriptions.campaign_type,
    cast(campaign_descriptions.start_date as timestamp) as sent_at,
    cast(campaign_descriptions.end_date as timestamp) as ends_at
from campaigns
inner join campaign_descriptions
    on campaign_descriptions.campaign_id = campaigns.campaign_id
