"""The page in a real browser over a real gunicorn, by keyboard and on a phone."""

import json

import pytest

from pipelines.publish import PublishSettings, publish_lists
from serving.access.keys import add_key
from tests.browser import open_browser
from tests.serving.running import Gunicorn
from tests.shelf_fixtures import make_lists, user_list, version_id

KEPT, LIVE = version_id(1), version_id(2, "1")
IDS = "[...document.querySelectorAll('.list')].map(l => [...l.querySelectorAll('.id')]\
.map(e => e.textContent))"


@pytest.fixture
def serve(client, patient, tmp_path):
    """Starts a gunicorn over two versions, the second live; gives its address."""
    started = []
    for day, tag in ((1, "0"), (2, "1")):
        lists = make_lists(tmp_path / f"lists-{day}", day=day, tag=tag, explained=3)
        publish_lists(lists, client, "demo", PublishSettings())

    def call(more=""):
        started.append(gunicorn := Gunicorn(tmp_path, patient, more=more))
        gunicorn.wait_for("/health/ready", lambda body: body["status"] == "ready")
        return f"http://127.0.0.1:{gunicorn.port}"

    yield call
    for gunicorn in started:
        gunicorn.stop()


def numbers(user, shift=1, length=10):
    """The items of a made user's list, in its first *length* places."""
    return [f"i{number}" for number in user_list(user, 40, length, shift)]


def wait(browser, condition):
    """Until the expression *condition* holds in the page."""
    browser.run(
        "new Promise((done, fail) => { let n = 0; const look = () => { let held = false;"
        f"try {{ held = ({condition}); }} catch {{ /* between two pages */ }}"
        f"held ? done() : ++n > 1500 ? fail(Error({json.dumps(condition)} + ' ' +"
        "document.body.innerText)) : setTimeout(look, 20); }; look(); })"
    )


def submit(browser, user):
    """Types *user* into the field and presses Enter; waits for the list."""
    browser.run("document.querySelector('#user').select()")
    browser.type(user)
    browser.press("Enter")
    loaded = f"document.querySelector('.list .note bdi').textContent === {json.dumps(user)}"
    for _ in range(20):  # the page may be replaced while it is looked at
        try:
            wait(browser, loaded)
        except AssertionError as error:
            if "navigated" not in str(error) and "context" not in str(error):
                raise
        else:
            return


def use_key(browser, key):
    """Types *key* into its field and presses Enter."""
    browser.run("document.querySelector('#key').select()")
    browser.type(key)
    browser.press("Enter")


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_a_list_is_found_by_keyboard(serve, tmp_path, prefix):
    """Type a user, press Enter; nothing but this host is asked, and nothing complains."""
    site = serve()
    with open_browser(tmp_path) as browser:
        browser.resize(1280, 900)
        browser.open(f"{site}{prefix}/")
        browser.press("Tab")
        assert browser.run("document.activeElement.textContent") == "To the lists"
        submit(browser, "u2")
        assert browser.run(IDS) == [numbers(2)]
        browser.run("document.querySelector('#compare').focus()")
        for letter in "discover":
            browser.press(letter)
        submit(browser, "u3")
        assert browser.run(IDS) == [numbers(3), numbers(3)]
        browser.open(f"{site}{prefix}/?user=u2&n=3&compare={KEPT}")
        assert browser.run(IDS) == [numbers(2, 1, 3), numbers(2, 0, 3)]
        asked = {address for address in browser.requests if not address.startswith("data:")}
        assert {address for address in asked if not address.startswith(f"{site}{prefix}/")} == set()
        assert {f"{site}{prefix}/page/page.js", f"{site}{prefix}/page/page.css"} <= {
            address.partition("?")[0] for address in asked
        }
        assert browser.complaints == []


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_all_of_it_without_scrolling_sideways(serve, tmp_path, dark):
    """375 pixels hold the form, both lists, bars and versions, in both schemes."""
    site = serve()
    with open_browser(tmp_path) as browser:
        browser.resize(375, 740, dark=dark)
        browser.open(f"{site}/?user=u2&explain=1&compare={KEPT}")
        assert browser.run("document.documentElement.scrollWidth") <= 375
        back = browser.run("getComputedStyle(document.body).backgroundColor")
        assert back == ("rgb(20, 24, 30)" if dark else "rgb(255, 255, 255)")
        small = browser.run(
            "[...document.querySelectorAll('button, input:not([type=checkbox]), select')]"
            ".filter(e => e.offsetParent && e.offsetHeight < 40).map(e => e.outerHTML)"
        )
        assert small == []
        unnamed = browser.run(
            "[...document.querySelectorAll('input, select')].filter(e => !e.labels.length)"
            ".map(e => e.id)"
        )
        assert unnamed == []


def test_a_version_is_made_live_with_a_reason(serve, tmp_path):
    """The button asks first; afterwards page, pointer and hold say so."""
    site = serve()
    with open_browser(tmp_path) as browser:
        browser.resize(1280, 900)
        browser.open(f"{site}/?user=u2&n=3")
        browser.click("button.activate")
        assert browser.run("document.querySelector('#sure-version').textContent") == KEPT
        browser.press("Escape")
        wait(browser, "!document.querySelector('#sure').open")
        browser.run("document.querySelector('button.activate').focus()")
        browser.press("Enter")
        browser.run("document.querySelector('#sure-hold').focus()")
        browser.type("titles were wrong")
        browser.press("Enter")
        wait(browser, "document.querySelector('#done').textContent.includes('is live')")
        said = browser.run("document.querySelector('#done').textContent")
        assert said == f"{KEPT} is live, generation 3, held: titles were wrong."
        assert browser.run("document.querySelector('.versions').dataset.live") == KEPT
        assert browser.run(IDS) == [numbers(2, 0, 3)]
        assert "Held: titles were wrong" in browser.run("document.body.innerText")
        assert browser.complaints == []


def test_with_access_on_a_key_shows_lists(serve, tmp_path):
    """Nothing without it; one that may read sees lists and no live button; it stays in the tab."""
    keys = tmp_path / "var" / "demo" / "keys.json"
    reader = add_key(keys, "shop", "read").text
    boss = add_key(keys, "boss", "admin").text
    site = serve("[access]\nenabled = true\n")
    with open_browser(tmp_path) as browser:
        browser.resize(1280, 900)
        browser.open(f"{site}/?user=u2&n=3")
        assert browser.run("document.querySelector('#content').textContent.trim()") == ""
        use_key(browser, "nsk_wrong")
        wait(browser, "document.querySelector('#done').textContent.startsWith('401')")
        use_key(browser, reader)
        wait(browser, "document.querySelector('.list')")
        assert browser.run(IDS) == [numbers(2, 1, 3)]
        assert browser.run("document.querySelector('button.activate').disabled") is True
        assert "the role read" in browser.run("document.querySelector('#why-not').textContent")
        submit(browser, "u3")
        assert browser.run("location.search").startswith("?user=u3&")
        browser.run("history.back()")
        wait(browser, "document.querySelector('#user').value === 'u2'")
        kept = browser.run("[localStorage.length, document.cookie, Object.keys(sessionStorage)]")
        assert kept == [0, "", ["nightshelf-key"]]
        use_key(browser, boss)
        wait(browser, "!document.querySelector('button.activate').disabled")
        browser.click("button.activate")
        browser.click("#sure button[value=yes]")
        wait(browser, "document.querySelector('#done').textContent.includes('is live')")
        assert browser.run("document.querySelector('.versions').dataset.live") == KEPT
        assert not any(key in address for key in (reader, boss) for address in browser.requests)
