-- The delivered items; a vector that is empty or has anything but finite numbers is none.
select
    * replace (
        if(
            len(vector) > 0 and list_bool_and([coalesce(isfinite(x), false) for x in vector]),
            vector,
            null
        ) as vector
    )
from delivered_items
