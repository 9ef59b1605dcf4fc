"""The pointer that every reader follows: one key, changed by one script.

Its value is `<generation> <version>` and, while a hold is set, ` <reason>` after that.
Generation is raised by every change, so that a writer who looked earlier can notice.
One key, so that flip and hold are one atomic step on a single server and on a cluster.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import redis

from settings.errors import NightshelfError
from store.keys import NamespaceKeys, check_version

MAX_REASON = 200

# KEYS[1] pointer; ARGV: generation that is expected, or '' for any · version, or '' for the same ·
# reason of the hold, '' for none, '*' for the same · 'force' to pass over a hold
MOVE_SCRIPT = """
local raw = redis.call('GET', KEYS[1])
local generation, version, reason = '0', '', ''
if raw then
  generation, version, reason = string.match(raw, '^(%d+) (%S+) ?(.*)$')
  if not generation then return {'damaged', raw} end
end
if reason ~= '' and ARGV[4] ~= 'force' then return {'held', raw} end
if ARGV[1] ~= '' and tonumber(ARGV[1]) ~= tonumber(generation) then return {'moved', raw or ''} end
if ARGV[2] ~= '' then version = ARGV[2] end
if version == '' then return {'empty', ''} end
if ARGV[3] ~= '*' then reason = ARGV[3] end
local value = string.format('%d', tonumber(generation) + 1) .. ' ' .. version
if reason ~= '' then value = value .. ' ' .. reason end
redis.call('SET', KEYS[1], value)
return {'done', value}
"""
# KEYS[1] pointer; ARGV[1] the generation that is expected
FORGET_SCRIPT = """
if string.match(redis.call('GET', KEYS[1]) or '', '^%d+') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""
SAME = "*"


class PointerError(NightshelfError):
    """The pointer cannot be read, or cannot be changed as asked."""


@dataclass(frozen=True)
class Pointer:
    """What readers follow: nothing before the first flip (generation 0, no version)."""

    generation: int = 0
    version: str | None = None
    hold: str | None = None  # why later nights must not flip


@dataclass(frozen=True)
class Move:
    """Whether a change was made, why not, and the pointer as it is now."""

    done: bool
    reason: str
    pointer: Pointer


def read_active(client: redis.Redis, namespace: str) -> Pointer:
    """The pointer of *namespace*; raises `PointerError` when its value is damaged."""
    return parse_pointer(client.get(NamespaceKeys(namespace).active))


def parse_pointer(raw: bytes | str | None) -> Pointer:
    """The pointer that *raw* spells; raises `PointerError` when it spells none."""
    if raw is None:
        return Pointer()
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    match = re.fullmatch(r"(\d+) (\S+)(?: (.+))?", text)
    if match is None:
        raise PointerError(
            f"the active pointer is {raw!r}; expected '<generation> <version>': "
            "delete the key and activate a version"
        )
    return Pointer(int(match[1]), check_version(match[2]), match[3])


def flip(client: redis.Redis, namespace: str, version: str, *, expected: int) -> Move:
    """Point at *version* if generation is still *expected* and no hold is set."""
    return _move(client, namespace, expected, version, hold=SAME, force=False)


def force_flip(
    client: redis.Redis, namespace: str, version: str, *, expected: int, hold: str | None
) -> Move:
    """Point at *version* past a hold; *hold* is set, None leaves it as it is."""
    reason = SAME if hold is None else check_reason(hold)
    return _move(client, namespace, expected, version, hold=reason, force=True)


def put_back(client: redis.Redis, namespace: str, before: Pointer, *, expected: int) -> None:
    """Version and hold of *before* again, unless generation is no longer *expected*."""
    if before.version is None:
        client.eval(FORGET_SCRIPT, 1, NamespaceKeys(namespace).active, str(expected))
    else:
        _move(client, namespace, expected, before.version, hold=before.hold or "", force=True)


def set_hold(client: redis.Redis, namespace: str, reason: str) -> Move:
    """Keep later nights from flipping until `release_hold`; *reason* is shown to them."""
    return _move(client, namespace, None, None, hold=check_reason(reason), force=True)


def release_hold(client: redis.Redis, namespace: str) -> Move:
    """Let the next night flip again."""
    return _move(client, namespace, None, None, hold="", force=True)


def check_reason(reason: str) -> str:
    """*reason* on one line; raises `PointerError` when it is empty or longer than 200."""
    line = " ".join(reason.split())
    if not line or len(line) > MAX_REASON or not line.isprintable() or line == SAME:
        raise PointerError(
            f"reason {reason!r}: expected one to {MAX_REASON} printable characters that tell "
            "whoever looks later why this was done"
        )
    return line


def _move(
    client: redis.Redis,
    namespace: str,
    expected: int | None,
    version: str | None,
    *,
    hold: str,
    force: bool,
) -> Move:
    arguments = (
        "" if expected is None else str(expected),
        "" if version is None else check_version(version),
        hold,
        "force" if force else "",
    )
    key = NamespaceKeys(namespace).active
    outcome, raw = client.eval(MOVE_SCRIPT, 1, key, *arguments)
    pointer = parse_pointer(raw or None)
    reasons = {
        b"done": "done",
        b"held": f"a hold is set: {pointer.hold}",
        b"moved": f"the pointer moved to generation {pointer.generation} ({pointer.version})",
        b"empty": "no version is active yet",
    }
    return Move(outcome == b"done", reasons[outcome], pointer)
