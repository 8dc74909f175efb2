"""Which code made these numbers: the git commit of the directory that a sweep was launched from."""

from __future__ import annotations

import shutil
import subprocess


def git_commit() -> tuple[str | None, bool | None]:
    """The commit checked out here and whether tracked files differ from it; `(None, None)` outside a repository."""
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return None, None
    return commit, bool(_git("status", "--porcelain", "--untracked-files=no"))


def _git(*arguments: str) -> str | None:
    if shutil.which("git") is None:
        return None
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
