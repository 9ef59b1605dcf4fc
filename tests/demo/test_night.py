"""What `make demo` prints of a night."""

from demo.night import watch_night

REFUSED = "publish: loaded, not activated: the gate refused"


class EndedNight:
    """Airflow's answers about a night that has ended: one task skipped itself, one never began."""

    def state(self, dag, run):
        return "success"

    def tasks(self, dag, run):
        common = {"map_index": -1, "state": "skipped", "duration": 2.0}
        return [
            {**common, "task_id": "publish", "try_number": 1, "start_date": "2018-01-01"},
            {**common, "task_id": "after", "try_number": 0, "start_date": None},
        ]

    def log(self, dag, run, task):
        assert task["task_id"] == "publish"
        return [{"event": REFUSED, "logger": "nightshelf"}, {"event": "other", "logger": "task"}]


def test_a_publish_that_shows_nothing_says_why(capsys):
    """A task that skipped itself has a log, and the reason stands on the screen."""
    watch_night(EndedNight(), "manual")
    assert capsys.readouterr().out.splitlines() == [
        "[   0 s] publish …",
        f"[   0 s]   {REFUSED}",
        "[   0 s] publish: skipped in 2 s",
        "[   0 s] after …",
        "[   0 s] after: skipped in 2 s",
    ]
