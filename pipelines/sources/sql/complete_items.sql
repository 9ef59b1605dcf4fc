-- A row for every item id seen in items or events; the first of several by content.
with delivered as (
    select *
    from mapped_items
    where item_id is not null and item_id <> '' and length(item_id) <= 128
    qualify
        row_number() over (
            partition by item_id
            order by updated_at desc nulls last, title, category, price, available, text,
                vector
        ) = 1
),

unlisted as (
    select distinct item_id
    from distinct_events
    where item_id not in (select item_id from delivered)
)

select
    item_id,
    coalesce(nullif(trim(title), ''), item_id) as title,
    category,
    tags,
    price,
    coalesce(available, true) as available,
    created_at,
    text,
    updated_at,
    vector
from delivered
union all
select item_id, item_id, null, null, null, true, null, null, null, null
from unlisted
order by item_id
