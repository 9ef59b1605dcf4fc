-- Items as of the end of the span, and the first moment at which each was there.
with sold as (
    select item_id, min(event_at) as first_at
    from lake_events
    where event_at < $end
    group by item_id
)

select
    items.item_id,
    coalesce(items.created_at, sold.first_at) as first_at,
    items.available and (items.created_at is null or items.created_at < $end) as is_live
from lake_items as items
left join sold on items.item_id = sold.item_id
