"""What a visitor of the page asks to see."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from werkzeug.datastructures import MultiDict

from serving.lists.parameters import check_id
from serving.manners.problems import ParameterProblem
from serving.settings import ServingSettings
from store.keys import VERSION_PATTERN

MAX_EXAMPLES = 6  # ids of users that a visitor may try


class UnknownChoiceProblem(ParameterProblem):
    """There is no version, or no surface, of that name."""

    status = HTTPStatus.NOT_FOUND


@dataclass(frozen=True)
class Asked:
    """One list, or two side by side; only ids are checked yet."""

    user_id: str | None  # None: the visitor has not said whose list
    surface: str
    version: str | None  # None: the live one
    compare: str | None  # a surface, or a version
    n: str  # items, as it was typed
    explain: bool

    @property
    def arguments(self) -> MultiDict[str, str]:
        """The same as parameters of `GET /recs/<user>`."""
        explain = "1" if self.explain else "0"
        return MultiDict({"surface": self.surface, "n": self.n, "explain": explain})


def nothing_asked(settings: ServingSettings) -> Asked:
    """Of a visitor who has just come."""
    return Asked(None, settings.default_surface, None, None, str(settings.default_n), explain=True)


def read_asked(arguments: MultiDict[str, str], settings: ServingSettings) -> Asked:
    """What the form, or an address typed by hand, asks for; an empty field counts as left out.

    Raises `ParameterProblem` for an id that no user or version can have.
    """
    given = {name: value for name, value in arguments.items() if value}
    explain = given.get("explain", "0")
    if explain not in ("0", "1"):
        raise ParameterProblem("explain", explain[:200], "0 or 1")
    return Asked(
        check_id("user", given["user"]) if "user" in given else None,
        given.get("surface", settings.default_surface),
        _version(given.get("version")),
        given.get("compare"),
        given.get("n", str(settings.default_n)),
        explain == "1" or not arguments,
    )


def _version(text: str | None) -> str | None:
    if text is not None and VERSION_PATTERN.fullmatch(text) is None:
        expected = "the id of a version, such as 20180101T000000-3cf50bee92aa-1f0c9ab2"
        raise UnknownChoiceProblem("version", text[:200], expected)
    return text
