-- How many items of the live catalogue each group was shown, of how many there are.
with cells as (
    select distinct surface, tier, version, variant, segment, item_age, item_id
    from outcomes
),

live as (
    select
        item_id,
        if(
            coalesce(first_at, $end) > $end - $new_item_age, 'new', 'old'
        ) as item_age
    from catalogue
    where is_live
),

grouped as (
    select
        cells.item_id,
        places.on_surface,
        groups.one.dimension as dimension,
        groups.one.label as label
    from cells,
        unnest(['(all)', cells.surface]) as places (on_surface),
        unnest([
            {'dimension': 'all', 'label': '(all)'},
            {'dimension': 'tier', 'label': cells.tier},
            {'dimension': 'version', 'label': cells.version},
            {'dimension': 'variant', 'label': cells.variant},
            {'dimension': 'segment', 'label': cells.segment},
            {'dimension': 'item_age', 'label': cells.item_age}
        ]) as groups (one)
)

select
    grouped.on_surface as surface,
    grouped.dimension,
    grouped.label,
    count(distinct grouped.item_id) as n_items,
    count(distinct live.item_id) as n_live_items,
    any_value(sizes.n_catalogue) as n_catalogue
from grouped
left join live
    on
        grouped.item_id = live.item_id
        and (grouped.dimension <> 'item_age' or grouped.label = live.item_age)
cross join lateral (
    select count(*) as n_catalogue
    from live as every
    where grouped.dimension <> 'item_age' or grouped.label = every.item_age
) as sizes
group by grouped.on_surface, grouped.dimension, grouped.label
order by grouped.on_surface, grouped.dimension, grouped.label
