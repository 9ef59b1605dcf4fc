/*---
description: Where an item stands among those that share baskets with it.
owner: recommendations
grain: [item_id]
event_time: event_at
max_age: 26h
columns:
  item_id: Item that shared a basket with another one in the window of the graph.
  n_linked_items: Different items that it shared a basket with.
  item_pagerank: PageRank of the item, 1 for the mean of all items.
  item_community_size: Items of its community, those that are bought together more than by chance.
checks:
  - between: {column: n_linked_items, min: 1}
  - between: {column: item_pagerank, min: 0}
  - between: {column: item_community_size, min: 2}
---*/
with nodes as (
    select item_id, degree, pagerank, community
    from item_graph
)

select
    item_id,
    degree as n_linked_items,
    pagerank as item_pagerank,
    count(*) over (partition by community) as item_community_size
from nodes
