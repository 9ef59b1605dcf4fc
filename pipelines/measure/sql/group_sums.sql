-- Each group's users and sums; a row a group.
select
    surface,
    dimension,
    label,
    count(*) as n_users,
    count(*) filter (where n_acted > 0) as n_acted_users,
    count(*) filter (where n_purchases > 0) as n_converted_users,
    count(*) filter (where n_personal > 0) as n_personal_users,
    cast(sum(n_shown) as bigint) as n_shown,
    cast(sum(n_clicked) as bigint) as n_clicked,
    cast(sum(n_clicks) as bigint) as n_clicks,
    cast(sum(n_purchases) as bigint) as n_purchases,
    cast(sum(value) as decimal(18, 4)) as value,
    cast(sum(n_novel) as bigint) as n_novel,
    cast(sum(n_again) as bigint) as n_again,
    cast(sum(n_before_again) as bigint) as n_before_again
from user_cells
group by surface, dimension, label
order by surface, dimension, label
