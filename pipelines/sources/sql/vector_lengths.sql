-- How many items have a vector of which length, the most frequent length first.
select len(vector) as n_numbers, count(*) as n_items, min(item_id) as first_item
from complete_items
where vector is not null
group by n_numbers
order by n_items desc, n_numbers
