/*---
description: Every stock code of goods, named as on most of its invoices.
owner: shop-data
grain: [item_id]
event_time: null
max_age: null
columns:
  item_id: Stock code in capitals.
  title: The description on most of its lines in title case; ties go to the first by alphabet.
  category: Last word of the title, the shop keeps no shelves ("Hanging Heart T-Light Holder").
  tags: Always empty, the shop keeps none.
  price: Always null, a price is agreed on each invoice.
  available: Always true, only goods are listed.
  text: The title once more, for models that read.
checks:
  - not_null: {column: title}
---*/
with lines as (
    select
        upper(trim(StockCode)) as item_id,
        nullif(trim(regexp_replace(Description, '\s+', ' ', 'g'), ' .,'), '') as description
    from invoices
    where regexp_matches(StockCode, '^[0-9]{5}')
),

-- Staff write remarks such as "damaged" or "?" in small letters; goods are named in capitals.
spellings as (
    select
        item_id,
        description,
        count(*) as n_lines,
        coalesce(description = upper(description) and len(description) > 3, false) as is_name
    from lines
    group by item_id, description
),

ranked as (
    select
        item_id,
        case when is_name then description end as name,
        row_number() over (
            partition by item_id order by is_name desc, n_lines desc, description
        ) as place
    from spellings
),

words as (
    select item_id, unnest(string_split(name, ' ')) as word,
        unnest(range(len(string_split(name, ' ')))) as place
    from ranked
    where place = 1 and name is not null
),

titles as (
    select
        item_id,
        string_agg(upper(word[1]) || lower(word[2:]), ' ' order by place) as title,
        arg_max(upper(word[1]) || lower(word[2:]), place) as last_word
    from words
    group by item_id
)

select
    ranked.item_id,
    coalesce(titles.title, 'Article ' || ranked.item_id) as title,
    titles.last_word as category,
    cast([] as varchar[]) as tags,
    cast(null as decimal(18, 4)) as price,
    true as available,
    coalesce(titles.title, 'Article ' || ranked.item_id) as text
from ranked
left join titles on titles.item_id = ranked.item_id
where ranked.place = 1
