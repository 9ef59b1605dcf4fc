/*---
description: How likely a shopper of a segment buys an item, by the segment and by everyone.
owner: recommendations
grain: [segment, item_id]
event_time: event_at
max_age: 26h
columns:
  segment: Segment of the shoppers, as in user_segment.
  item_id: Item bought by someone of the segment in the window.
  segment_item_rate_84d: Share of the segment that bought it, drawn to everyone's by 50 shoppers.
checks:
  - between: {column: segment_item_rate_84d, min: 0, max: 1}
---*/
with segment_items as (
    select
        segment,
        item_id,
        n_segment_buyers_84d as n_buyers,
        n_segment_buyers_84d / segment_share_84d as n_users
    from segment_item_popularity_84d
),

popularity as (
    select item_id, buyer_share_84d
    from item_popularity_84d
)

select
    segment_items.segment,
    segment_items.item_id,
    (segment_items.n_buyers + 50 * popularity.buyer_share_84d) / (segment_items.n_users + 50)
        as segment_item_rate_84d
from segment_items
inner join popularity on popularity.item_id = segment_items.item_id
