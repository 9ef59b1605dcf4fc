/*---
description: Where a user stands among those who buy the same items.
owner: recommendations
grain: [user_id]
event_time: event_at
max_age: 26h
columns:
  user_id: Shopper who bought an item that another one bought too, in the window of the graph.
  n_linked_users: Different users with an item in common.
  user_pagerank: PageRank of the user, 1 for the mean of all users.
  user_community_size: Users of the community, those who buy alike more than by chance.
checks:
  - between: {column: n_linked_users, min: 1}
  - between: {column: user_pagerank, min: 0}
  - between: {column: user_community_size, min: 2}
---*/
with nodes as (
    select user_id, degree, pagerank, community
    from user_graph
)

select
    user_id,
    degree as n_linked_users,
    pagerank as user_pagerank,
    count(*) over (partition by community) as user_community_size
from nodes
