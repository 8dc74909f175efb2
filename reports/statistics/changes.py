"""Whether a difference is another one under other conditions, which two tests of the two differences do not say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reports.statistics.checks import aligned, complete
from reports.statistics.comparison import PairedComparison, paired_comparison

_ROUNDINGS = 8
"""More than four rounded scores and the three steps between them can leave of a change that is none."""


def paired_change(
    after: tuple[npt.ArrayLike, npt.ArrayLike],
    before: tuple[npt.ArrayLike, npt.ArrayLike],
    *,
    alpha: float = 0.05,
    rng: np.random.Generator | None = None,
) -> PairedComparison:
    """The change of a paired difference, pair by pair, with its t-interval and exact sign-flip p.

    dᵢ = (a′ᵢ - b′ᵢ) - (aᵢ - bᵢ), and as `paired_comparison` without a margin from there; what rounding alone can leave
    of dᵢ is 0, so that equal changes are no evidence. The difference between "significant" and "not significant" is
    no test of a change. Source: Gelman and Stern, "The difference between 'significant' and 'not significant' is not
    itself statistically significant" (2006). For strata that share no pair see `interaction_contrast`.

    Args:
        after: Scores of the arm and of the baseline under the other conditions, pair by pair.
        before: The same pairs' scores as they were.
        alpha: One minus the coverage.
        rng: Needed beyond `EXACT_PAIRS` pairs only.

    Raises:
        ValueError: If pairs are incomplete, a value is not finite, or `alpha` is no share.
    """
    (a, b), (own, other) = aligned(*after, least=0), aligned(*before, least=0)
    complete(a, own)
    changes = (a - b) - (own - other)
    largest = np.max(np.abs([a, b, own, other]), axis=0)
    changes = np.where(np.abs(changes) <= _ROUNDINGS * np.finfo(np.float64).eps * largest, 0.0, changes)
    return paired_comparison(changes, np.zeros(len(changes)), margin=0.0, alpha=alpha, rng=rng)
