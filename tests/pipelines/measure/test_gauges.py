"""What Prometheus is told of the newest whole day."""

from datetime import UTC, date, timedelta

from pipelines.measure.day import measure_days
from pipelines.measure.gauges import GAUGES, LONGEST_LABEL, PREFIX, gauges_path, write_gauges
from serving.sight.settings import passed_on
from tests.pipelines.measure.site import DAY, HOUR, MINUTE, MONDAY, Site, measured_site
from tests.serving.sight.scrape import samples_of, total

NINE = MONDAY + 9 * HOUR


def gauges(site):
    """The samples in the file."""
    return samples_of(gauges_path(site.settings).read_text())


def test_both_sides_agree_on_the_place(site):
    """The web tier passes on the file that the pipelines write."""
    assert gauges_path(site.settings) in passed_on(site.settings)


def test_gauges_are_of_the_newest_whole_day(tmp_path):
    """The second day is not over as far as anything says: Monday's figures stand there."""
    samples = gauges(measured_site(tmp_path))
    everything = {"namespace": "shop", "surface": "(all)", "dimension": "all", "label": "(all)"}

    def one(name, **labels):
        return total(samples, f"{PREFIX}{name}", **(labels or everything))

    # Four users, a list of four on each of two surfaces, a click each and a purchase.
    assert (one("shown"), one("users"), one("ctr")) == (32, 4, 0.125)
    assert (one("acceptance"), one("conversion"), one("coverage")) == (1.0, 0.25, 1.0)
    assert (one("catalogue_coverage"), one("value_per_thousand")) == (0.75, 78.125)
    assert one("day_timestamp_seconds", namespace="shop") == MONDAY.replace(tzinfo=UTC).timestamp()
    assert one("target", figure="acceptance") == 0.3
    assert one("ctr", surface="home", dimension="tier", label="personal") == 0.25
    assert one("position_ctr", surface="home", position="1") == 0.5
    assert one("events", subject="clicks", what="by_list") == 4
    assert {name for name, _ in samples} == {f"{PREFIX}{name}" for name in GAUGES}


def test_a_day_is_whole_once_somebody_says_so(site):
    """Before that there are no gauges; a later one wins, an earlier one changes nothing."""
    site.show("u", "ab", NINE)
    site.land()
    measure_days(site.settings)
    assert write_gauges(site.settings) is None
    assert not gauges_path(site.settings).exists()
    assert write_gauges(site.settings, before=date(2026, 3, 3)) == date(2026, 3, 2)
    site.act("u", "z", NINE + DAY, "view")
    site.land()
    assert write_gauges(site.settings) == date(2026, 3, 2)


def test_labels_are_few_and_name_no_user(tmp_path):
    """Only what was shown most, no versions, cut where too long, quoted; places up to 20."""
    site = Site(tmp_path, "[measure]\nmax_label_values = 2\n")
    odd = 'quo"te\\back\n' + "x" * 100
    for number in range(6):
        for user in range(number + 1):
            site.show(f"secret-{user}", "abcdefghijklmnopqrstuvwxyz", NINE, surface=f"s{number}",
                      variant=odd if number == 5 else f"v{number}")  # fmt: skip
    site.land()
    measure_days(site.settings)
    write_gauges(site.settings, before=date(2026, 3, 3))
    samples = gauges(site)
    values = {key: {dict(labels).get(key) for _, labels in samples} for key in
              ("surface", "dimension", "position", "label")}  # fmt: skip
    assert values["surface"] == {None, "(all)", "s4", "s5"}
    assert "version" not in values["dimension"]
    assert values["position"] - {None} == {str(place) for place in range(1, 21)}
    variants = {dict(labels)["label"] for name, labels in samples
                if dict(labels).get("dimension") == "variant"}  # fmt: skip
    assert variants == {odd[:LONGEST_LABEL], "v4"}
    assert "secret" not in gauges_path(site.settings).read_text()


def test_an_earlier_day_measured_again_leaves_the_newest_there(tmp_path):
    """Gauges are of the newest whole day, whichever was measured last."""
    site = measured_site(tmp_path)
    before = gauges_path(site.settings).read_text()
    site.show("u", "a", MONDAY - 3 * DAY)
    site.act("u", "a", MONDAY - 3 * DAY + MINUTE)
    site.land()
    first = (MONDAY - timedelta(days=3)).date()
    measure_days(site.settings, first, first)
    write_gauges(site.settings)
    assert gauges_path(site.settings).read_text() == before
