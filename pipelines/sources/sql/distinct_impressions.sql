-- One row an impression and position: the first received; ties are broken by content,
-- so that the order of the files does not matter.
select *
from collected_impressions
qualify
    row_number() over (
        partition by event_id, position
        order by
            received_at, event_at, user_id, item_id, recommendation_id, page_view_id, tier,
            propensity, version, surface, variant, session_id, context
    ) = 1
order by event_at, event_id, position
