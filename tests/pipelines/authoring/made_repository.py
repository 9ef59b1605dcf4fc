"""A small shop whose feature SQL stands in a git repository of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_WHO = ["-c", "user.name=tests", "-c", "user.email=tests@example.org", "-c", "commit.gpgsign=false"]


def git(folder: Path, *arguments: str) -> str:
    """What git says; nothing of this machine's configuration counts."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", "-C", str(folder), *_WHO, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return done.stdout.strip()


def commit_all(folder: Path) -> str:
    """Makes *folder* a repository unless it is one, and commits everything; the commit."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "as it is")
    return git(folder, "rev-parse", "HEAD")
