"""What several runs show together, computed once: the tuned arms compared, and their searches done again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from reports.analysis import Analysis
from reports.verdict import AcrossRuns, tuned_compared
from reports.view import View
from reports.views import budget_curves, forest, tuned_again


@dataclass(frozen=True)
class Together:
    """Several runs of one question, or the reason why they are none.

    Attributes:
        across: Of E2.
        counted: The runs that it rests on, in the order given; none where there is no comparison.
        given: All runs.
    """

    across: AcrossRuns
    counted: tuple[Analysis, ...]
    given: tuple[Analysis, ...]

    @classmethod
    def of(cls, analyses: Sequence[Analysis]) -> Together:
        """Of two runs or more."""
        across = tuned_compared([(each.evidence, each.verdict) for each in analyses])
        return cls(across, tuple(analyses[place] for place in across.places), tuple(analyses))

    def views(self) -> Iterator[View]:
        """The forest of the tuned arms, then what their searches came to; what is missing where there is neither."""
        if self.across.estimates:
            yield forest.view_of(self.across.estimates, self.across.sentences, self.counted[0].evidence)
            yield from tuned_again.draw(self._searches())
        else:
            yield tuned_again.absent([(each.evidence, each.verdict) for each in self.given])

    def statistics_text(self) -> str:
        """Every number of these views as JSON, the same whatever the order of the runs."""
        found = asdict(self.across)
        found.pop("places")
        searches = self._searches()
        again = {
            by: [asdict(each) for each in tuned_again.analyse(searches, by)] if searches else []
            for by in ("trials", "seconds")
        }
        numbers = {"tuned": found, "again": again}
        return json.dumps(numbers, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=True) + "\n"

    def _searches(self) -> list[tuned_again.Run]:
        return [(each.evidence, each.results[budget_curves.KEY]) for each in self.counted]
