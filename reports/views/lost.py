"""What is said where a file of the run is gone, in the place of what was to be drawn from it."""

from __future__ import annotations

from reports.evidence import PREDICTIONS, Evidence, Gone
from reports.view import View, missing
from reports.views.commands import ANEW
from reports.words import brief, count

_BACK = f"A copy of the run directory brings it back; without one, `{ANEW}` trains everything again."


def lost(file: Gone) -> str:
    """Which file is gone, and what brings it back."""
    return f"{_named(file)}. {_BACK}"


def not_drawn(key: str, title: str, question: str, *, file: Gone) -> View:
    """A view that a file is missing for which no resume makes again."""
    return missing(key, title, question, why=lost(file), command=ANEW)


def drawn_again(key: str, title: str, question: str, *, file: Gone) -> View:
    """A view that a file is missing for which a resume makes again from others."""
    why = f"{_named(file)}. A resume draws them again, from what the confirmed replicates predict."
    return missing(key, title, question, why=why, command="capsweep resume RUN")


def lost_predictions(evidence: Evidence) -> str:
    """What is said beside numbers of single examples that lack replicates; nothing where all of them are there."""
    first = evidence.confirmed()
    needed = set(first.loc[first["state"] == "complete", "number"].tolist())
    files = [each for each in evidence.gone if each.kind == PREDICTIONS and each.number in needed]
    if not files:
        return ""
    more = f", and so {'is' if len(files) == 2 else 'are'} {count(len(files) - 1, 'other')}" if files[1:] else ""
    return f" Left out are replicates without their predictions: {_named(files[0])}{more}. {_BACK}"


def _named(file: Gone) -> str:
    return f"{brief(file.path)} is gone, or is not as it was written"
