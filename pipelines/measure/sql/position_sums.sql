-- Items shown and clicked at each place, on all surfaces and on each.
select
    places.on_surface as surface,
    outcomes.position,
    count(*) as n_shown,
    count(*) filter (where outcomes.n_clicks > 0) as n_clicked
from outcomes, unnest(['(all)', outcomes.surface]) as places (on_surface)
where outcomes.position is not null
group by places.on_surface, outcomes.position
order by places.on_surface, outcomes.position
