/*---
description: How much a segment buys of each category, beside everyone.
owner: recommendations
grain: [segment, category]
event_time: event_at
max_age: 26h
columns:
  segment: Segment of the shoppers, as in user_segment.
  category: Category that the segment bought from in the window.
  n_segment_category_buyers_84d: Different shoppers of the segment who bought from it.
  segment_category_share_84d: Share of the segment's purchases.
  segment_category_lift_84d: That share divided by the share among all shoppers.
checks:
  - between: {column: n_segment_category_buyers_84d, min: 1}
  - between: {column: segment_category_share_84d, min: 0, max: 1}
  - between: {column: segment_category_lift_84d, min: 0}
---*/
with purchases as (
    select user_id, category, n_category_purchases_84d as n_purchases
    from user_category_purchases_84d
),

segments as (
    select user_id, segment
    from user_segment
),

shelves as (
    select
        segments.segment,
        purchases.category,
        count(*) as n_buyers,
        sum(purchases.n_purchases) as n_purchases
    from purchases
    inner join segments on segments.user_id = purchases.user_id
    group by segments.segment, purchases.category
),

shares as (
    select
        segment,
        category,
        n_buyers,
        n_purchases / sum(n_purchases) over (partition by segment) as segment_share,
        sum(n_purchases) over (partition by category) / sum(n_purchases) over () as overall_share
    from shelves
)

select
    segment,
    category,
    n_buyers as n_segment_category_buyers_84d,
    segment_share as segment_category_share_84d,
    segment_share / overall_share as segment_category_lift_84d
from shares
