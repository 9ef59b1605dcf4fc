-- Sums of each user within each group: all, tier, version, …, on all surfaces and on each.
with cells as (
    select
        user_id,
        surface,
        tier,
        version,
        variant,
        segment,
        item_age,
        count(*) as n_shown,
        count(*) filter (where n_clicks > 0) as n_clicked,
        count(*) filter (where n_actions > 0) as n_acted,
        sum(n_clicks) as n_clicks,
        sum(n_purchases) as n_purchases,
        sum(value) as value,
        count(*) filter (where exposure = 'novel') as n_novel,
        count(*) filter (where exposure = 'again') as n_again,
        sum(n_before) filter (where exposure = 'again') as n_before_again
    from outcomes
    group by all
),

grouped as (
    select
        cells.*,
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
    on_surface as surface,
    dimension,
    label,
    user_id,
    cast(sum(n_shown) as bigint) as n_shown,
    cast(sum(n_clicked) as bigint) as n_clicked,
    cast(sum(n_acted) as bigint) as n_acted,
    cast(sum(n_clicks) as bigint) as n_clicks,
    cast(sum(n_purchases) as bigint) as n_purchases,
    cast(sum(value) as decimal(18, 4)) as value,
    cast(sum(n_novel) as bigint) as n_novel,
    cast(sum(n_again) as bigint) as n_again,
    cast(coalesce(sum(n_before_again), 0) as bigint) as n_before_again,
    cast(coalesce(sum(n_shown) filter (where tier = 'personal'), 0) as bigint) as n_personal
from grouped
group by on_surface, dimension, label, user_id
order by on_surface, dimension, label, user_id
