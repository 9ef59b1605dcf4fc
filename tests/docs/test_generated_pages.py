"""Pages that are made from code and headers are as the code and the headers are now."""

import pytest

from tests.docs import features_page, header_schema, settings_page


@pytest.mark.parametrize(
    "page", [settings_page, features_page, header_schema], ids=["settings", "features", "header"]
)
def test_a_generated_page_is_up_to_date(page):
    """The committed page is what its generator writes; run the generator when this fails."""
    assert page.PAGE.read_text(encoding="utf-8") == page.render_page()
