-- What was shown to whom: a row an item that counts, numbered in order of time.
select
    row_number() over (
        order by judged.event_at, judged.event_id, judged.position, judged.item_id
    ) as shown_id,
    judged.event_at as shown_at,
    judged.user_id,
    judged.item_id,
    judged.recommendation_id,
    coalesce(judged.page_view_id, judged.event_id) as page_view_id,
    judged.position,
    coalesce(judged.surface, '(none)') as surface,
    coalesce(judged.tier, '(none)') as tier,
    coalesce(nullif(judged.version, ''), '(none)') as version,
    coalesce(judged.variant, '(none)') as variant,
    coalesce(segments.segment, 'unknown') as segment,
    case
        when catalogue.item_id is null then 'unknown'
        when
            coalesce(catalogue.first_at, judged.event_at) > judged.event_at - $new_item_age
            then 'new'
        else 'old'
    end as item_age
from judged_impressions as judged
left join segments on judged.user_id = segments.user_id
left join catalogue on judged.item_id = catalogue.item_id
where judged.left_out is null
