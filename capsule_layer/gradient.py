"""The gradient of routing, written out: two passes over the grid a step, and one that writes the result."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from keras import ops

from capsule_layer.compile import compiled, differentiable, sum_channels
from capsule_layer.routing import Tensor, Trace, route, spread, statistics_dtype, sum_cells


def differentiable_route(steps: int) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Compile `route` and its gradient for a number of steps.

    Returns:
        A function of a grid, its real cells and a temperature, as in `route`, that returns the vectors alone and is
        differentiable with respect to the grid and the temperature.
    """
    forward, backward = compiled(partial(route, steps=steps)), compiled(route_gradient)

    def pooled(grid: Tensor, real: Tensor, temperature: Tensor) -> Tensor:
        return differentiable(lambda grid, temperature: forward(grid, real, temperature), backward)(grid, temperature)

    return pooled


def route_gradient(grid: Tensor, temperature: Tensor, trace: Trace, upstream: Tensor) -> tuple[Tensor, Tensor]:
    """Pull a gradient back through `route`.

    A gradient with respect to a mean is kept as `total * (slope - pull * squashed)`, a vector and a number for each
    window: its dot products with the cells then follow from those of `slope` and the agreements already known.

    Args:
        grid: As given to `route`.
        temperature: As given to `route`.
        trace: As returned by it.
        upstream: Gradient with respect to the vectors it returned.

    Returns:
        Gradients with respect to the grid, in its dtype, and to the temperature.
    """
    votes = ops.cast(grid, statistics_dtype(grid.dtype))
    temperature = ops.cast(temperature, votes.dtype)
    slope = ops.cast(upstream, votes.dtype)
    powers, total, by_coupling = trace.powers, trace.total, sum_channels(votes * spread(slope))
    by_grid = (powers / spread(total))[..., None] * spread(slope)
    by_agreement, by_temperature = 0.0, ops.zeros_like(temperature)
    for step in reversed(range(len(trace.proposals))):
        last = trace.proposals[step]
        expected = sum_cells(powers, by_coupling) / total
        by_score = powers / spread(total) * (by_coupling - spread(expected)) / temperature
        scores = sum(proposal.agreement for proposal in trace.proposals[: step + 1])
        by_temperature = by_temperature - _sum(by_score * scores) / temperature
        # A score enters every later softmax.
        by_agreement = by_agreement + by_score
        weights = by_agreement / spread(1.0 + last.length)
        slope = sum_cells(votes, weights[..., None]) / last.total[..., None]
        pull = sum_cells(weights * last.agreement) * (1.0 + 1.0 / last.length) / last.total
        by_grid = by_grid + last.powers[..., None] * spread(slope)
        by_grid = by_grid + (by_agreement - last.powers * spread(pull))[..., None] * spread(last.squashed)
        if step:
            powers, total = last.powers, last.total
            along = last.agreement * spread(pull)
            by_coupling = (sum_channels(votes * spread(slope)) - along) * spread(last.total)
    return ops.cast(by_grid, grid.dtype), by_temperature


def _sum(cells: Tensor) -> Tensor:
    # In two steps, because XLA on a CPU takes its time over a long sum.
    return ops.sum(sum_channels(ops.reshape(cells, (ops.shape(cells)[0], -1))))
