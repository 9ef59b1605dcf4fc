/*---
description: How many shoppers of a segment bought an item, beside everyone.
owner: recommendations
grain: [segment, item_id]
event_time: event_at
max_age: 26h
columns:
  segment: Segment of the shoppers, as in user_segment.
  item_id: Item bought by someone of the segment in the window.
  n_segment_buyers_84d: Different shoppers of the segment who bought it.
  segment_share_84d: Their share among the segment's shoppers who bought anything.
  segment_lift_84d: That share divided by the share among all shoppers, smoothed by five buyers.
checks:
  - between: {column: n_segment_buyers_84d, min: 1}
  - between: {column: segment_share_84d, min: 0, max: 1}
  - between: {column: segment_lift_84d, min: 0}
---*/
with buyers as (
    select distinct user_id, item_id
    from events
    where event_type = 'purchase'
        and event_at >= $as_of - interval 84 day and event_at < $as_of
),

segments as (
    select user_id, segment
    from user_segment
),

segment_buyers as (
    select buyers.user_id, buyers.item_id, segments.segment
    from buyers
    inner join segments on segments.user_id = buyers.user_id
),

segment_sizes as (
    select segment, count(distinct user_id) as n_users
    from segment_buyers
    group by segment
),

item_counts as (
    select item_id, count(*) as n_buyers
    from segment_buyers
    group by item_id
),

segment_item_counts as (
    select segment, item_id, count(*) as n_buyers
    from segment_buyers
    group by segment, item_id
),

shares as (
    select
        segment_item_counts.segment,
        segment_item_counts.item_id,
        segment_item_counts.n_buyers,
        segment_sizes.n_users,
        item_counts.n_buyers / (select count(distinct user_id) from segment_buyers) as overall_share
    from segment_item_counts
    inner join segment_sizes on segment_sizes.segment = segment_item_counts.segment
    inner join item_counts on item_counts.item_id = segment_item_counts.item_id
)

select
    segment,
    item_id,
    n_buyers as n_segment_buyers_84d,
    n_buyers / n_users as segment_share_84d,
    (n_buyers + 5) / (overall_share * n_users + 5) as segment_lift_84d
from shares
