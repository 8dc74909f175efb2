"""What a run shows, and whether it may be believed.

`outcomes` pairs the replicates, `estimates` compares them by the plan's rules, `gates` says what stands against a
claim, `sentences` puts it into words in a metric's own `measure`; `verdict_of` does all of it for one run, and
`tuned_compared` puts several runs together.
"""

from reports.verdict.across import AcrossRuns, tuned_compared
from reports.verdict.estimate import Estimate
from reports.verdict.estimates import estimates
from reports.verdict.gate import Gate
from reports.verdict.measure import Measure, measure_of, measured
from reports.verdict.rules import Rules, level, rules_of
from reports.verdict.verdict import RunVerdict, verdict_of

__all__ = [
    "AcrossRuns",
    "Estimate",
    "Gate",
    "Measure",
    "Rules",
    "RunVerdict",
    "estimates",
    "level",
    "measure_of",
    "measured",
    "rules_of",
    "tuned_compared",
    "verdict_of",
]
