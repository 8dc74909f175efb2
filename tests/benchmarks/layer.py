"""How long does `CapsulePooling2D` take, against other poolings and against other ways to compute it?

    python tests/benchmarks/layer.py [--threads N] [--rounds N] [--calls N] [--quick] [--layer-only | --steps-only]

Runs on the backend named by `KERAS_BACKEND`, tensorflow or jax, and needs nothing but it, Keras and NumPy; where the
project is not installed, name its folder in `PYTHONPATH`. A call on a GPU is short: ask for more of them, `--calls 30`.

The first table is the layer alone, forward and backward for a given gradient, in milliseconds a call:

- `copy`: `x * 2` and the gradient times 2, the least that anything can cost that reads and writes maps.
- `max`, `average`: the layers of Keras.
- `reference`: the operations of the notebook's layer, see `reference_layer`.
- `plain`: the routing of `capsule_layer.routing`, neither compiled by itself nor with a gradient of its own.
- `capsule`: the layer.

TensorFlow runs them inside a `tf.function` without XLA, so that only the layer's own compiler is at work; JAX inside a
`jax.jit`. The second table is a training step of the notebook's network, batch 128, with each pooling in its two
places, and its first step, which traces and compiles.

The variants of a case take turns in rounds, in an order drawn anew for each: whoever follows a variant with large maps
finds the caches full of them. A time is the median over the rounds. A ratio is the median of the ratios within a
round, which a busy machine leaves alone. Results are compared before the timing: all routings compute the same.

What was tried, forward and backward as multiples of the copy on one thread / on two (2 cores of an AMD EPYC Zen 5,
TensorFlow, maps (128, 24, 24, 64) in float32, windows of 3, 2 steps):

- Windows moved together, then batched products of matrices under XLA, gradient by autodiff: 3.6 / 3.4.
- The same with the passes as dot products of rows, and the gradient written out: 2.9 / 2.3.
- A loop over blocks of 4 to 16 images that stay in the cache, as a while loop of XLA: 3.2 / 3.1, then 3.7 / 4.4 with
  the present passes in it: a turn of the loop costs 50 us.
- The present one, over a view of the maps: 1.9 / 1.6. In company with slower variants, whose maps fill the caches: 2.1
  / 1.8. Its passes run at the speed of the memory. Sums for each window that XLA took again for every number, until
  they ended in divisions that it cannot join, had made it 0.1 slower.
- Single passes under XLA, where the one pass of the copy takes 0.8 ms. Sum over the cells: 1.67 ms as one reduction,
  0.35 ms as slices added up. Sum over the channels of a product: 1.9 ms multiplied and reduced, 0.9 to 1.0 ms as dot
  products for each window, 0.4 ms as a product with ones, which becomes one loop with what feeds it. Moving windows
  together: 2.0 ms.
- Means that end in a multiplication and not in a division: XLA computed them three times, 0.25 of the layer's time.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import keras
import numpy as np
from keras import layers, ops
from reference_layer import ReferencePooling

from capsule_layer import CapsulePooling2D, build_classifier
from capsule_layer.classifier import POOLINGS
from capsule_layer.routing import route
from capsule_layer.windows import cut, real_cells

MAPS = ((128, 24, 24, 64), (128, 8, 8, 128))
TEMPERATURE = 2.0
# The reference adds its scores up in bfloat16 where the maps are: its results are then others by up to a third.
SAME = {"float32": ("plain", "reference"), "bfloat16": ("plain",)}
RATIOS = (("capsule", "copy"), ("capsule", "max"), ("reference", "capsule"), ("plain", "capsule"))
TRAINED = ("max", "average", "soft", "capsule", "reference")

Call = Callable[[], Any]


def native() -> Any:
    """The module of the active backend; no other one is imported."""
    return import_module(keras.backend.backend())


def forward_and_backward(function: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """Make a function of `(maps, upstream)` that returns the pooled maps and the gradient."""
    if keras.backend.backend() == "jax":

        def both(maps: Any, upstream: Any) -> Any:
            pooled, pull = native().vjp(function, maps)
            return pooled, pull(upstream)[0]

        return native().jit(both)

    def taped(maps: Any, upstream: Any) -> Any:
        with native().GradientTape() as tape:
            tape.watch(maps)
            pooled = function(maps)
        return pooled, tape.gradient(pooled, maps, upstream)

    return native().function(taped, autograph=False, jit_compile=False)


def wait_for(result: Any) -> None:
    """Let the device finish."""
    if keras.backend.backend() == "jax":
        native().block_until_ready(result)
    else:
        native().test.experimental.sync_devices()


def time_in_turns(variants: dict[str, Call], *, rounds: int, calls: int) -> dict[str, list[float]]:
    """Time variants that are warm, `calls` calls in a row a round; milliseconds a call, in the order of the rounds."""
    order, chance = list(variants), random.Random(0)
    times: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        chance.shuffle(order)
        for name in order:
            start = time.perf_counter()
            for _ in range(calls):
                result = variants[name]()
            wait_for(result)
            times[name].append((time.perf_counter() - start) / calls * 1e3)
    return times


def ratio(times: dict[str, list[float]], over: str, under: str) -> float:
    return median(a / b for a, b in zip(times[over], times[under], strict=True))


def poolings(window: int, steps: int, dtype: str) -> dict[str, Callable[[Any], Any]]:
    pool_size = (window, window)

    def plain(maps: Any) -> Any:
        real = real_cells(*maps.shape[1:3], pool_size, padding="same")
        return route(cut(maps, pool_size, padding="same"), real, TEMPERATURE, steps=steps)[0]

    return {
        "copy": lambda maps: maps * 2,
        "max": layers.MaxPooling2D(pool_size, padding="same", data_format="channels_last", dtype=dtype),
        "average": layers.AveragePooling2D(pool_size, padding="same", data_format="channels_last", dtype=dtype),
        "reference": ReferencePooling(pool_size, steps, TEMPERATURE, dtype=dtype),
        "plain": plain,
        "capsule": CapsulePooling2D(pool_size, steps, TEMPERATURE, data_format="channels_last", dtype=dtype),
    }


def warm_layers(shape: tuple[int, ...], window: int, steps: int, dtype: str) -> dict[str, Call]:
    """Compile each pooling's forward and backward pass on random maps, and compare the routings."""
    numbers = np.random.default_rng(0)
    maps = ops.cast(ops.convert_to_tensor(numbers.normal(size=shape), "float32"), dtype)
    variants, results = {}, {}
    for name, function in poolings(window, steps, dtype).items():
        both = forward_and_backward(function)
        upstream = ops.cast(np.random.default_rng(1).normal(size=function(maps).shape), dtype)
        variants[name] = partial(both, maps, upstream)
        results[name] = [ops.convert_to_numpy(ops.cast(part, "float32")) for part in variants[name]()]
    for other, part in itertools.product(SAME[dtype], (0, 1)):
        result = results["capsule"][part]
        off = np.linalg.norm(results[other][part] - result) / np.linalg.norm(result)
        if not off < 1e-3:
            raise SystemExit(f"capsule and {other} are not the same function: they differ by {off:.2g} of their norm.")
    return variants


def warm_steps(window: int, steps: int) -> Iterator[tuple[str, Call, float]]:
    """Compile the network with each pooling; yields the name, a training step, and the seconds of the first one."""
    numbers = np.random.default_rng(0)
    images = ops.convert_to_tensor(numbers.random((128, 28, 28, 1)), "float32")
    digits = ops.convert_to_tensor(numbers.integers(0, 10, 128))
    jit = "auto" if keras.backend.backend() == "jax" else False
    # The first network of a process pays for what they all need.
    for name in ("max", *TRAINED):
        if name in POOLINGS:
            keras.utils.set_random_seed(0)
            model = build_classifier(
                pooling=name, pool_size=window, routing_steps=steps, temperature=TEMPERATURE, batch_norm_momentum=0.9
            )
            model.compile(loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.Adam(), jit_compile=jit)
            step = partial(model.train_on_batch, images, digits)
            start = time.perf_counter()
            step()
            first = time.perf_counter() - start
            step()
            yield name, step, first


def print_heading(*cells: str) -> Callable[..., None]:
    """Begin a Markdown table; returns the function that prints a row of it."""

    def print_row(*row: object) -> None:
        padded = (f"{cell:>{max(len(head), 8)}}" for head, cell in zip(cells, row, strict=True))
        print("|", " | ".join(padded), "|", flush=True)

    print()
    print_row(*cells)
    print_row(*("-" * (max(len(head), 8) - 1) + ":" for head in cells))
    return print_row


def print_layers(*, rounds: int, calls: int, quick: bool) -> None:
    names = list(poolings(2, 2, "float32"))
    print_row = print_heading("dtype", f"{'maps':>9}", "window", "steps", *names, *map("/".join, RATIOS))
    windows, steps = ((3,), (2, 4)) if quick else ((2, 3, 4), (2, 3, 4, 5))
    for dtype, shape, window, count in itertools.product(SAME, MAPS, windows, steps):
        times = time_in_turns(warm_layers(shape, window, count, dtype), rounds=rounds, calls=calls)
        medians = (f"{median(times[name]):.2f}" for name in names)
        ratios = (f"{ratio(times, *pair):.2f}" for pair in RATIOS)
        print_row(dtype, "x".join(map(str, shape[1:])), window, count, *medians, *ratios)


def print_steps(*, rounds: int, quick: bool) -> None:
    print_row = print_heading(f"{'policy':>14}", "window", "steps", f"{'pooling':>9}", "ms", "to max", "first, s")
    cases = ((3, 2),) if quick else ((2, 2), (3, 2), (4, 2), (3, 4))
    for policy, (window, count) in itertools.product(("float32", "mixed_bfloat16"), cases):
        keras.config.set_dtype_policy(policy)
        warm = {name: (step, first) for name, step, first in warm_steps(window, count)}
        times = time_in_turns({name: step for name, (step, _) in warm.items()}, rounds=rounds, calls=1)
        for name, (_, first) in warm.items():
            figures = (f"{median(times[name]):.1f}", f"{ratio(times, name, 'max'):.3f}", f"{first:.1f}")
            print_row(policy, window, count, name, *figures)


def machine() -> str:
    """Name the backend, its version, and what it computes on."""
    name, backend, device = keras.backend.backend(), native(), "unknown CPU"
    if name == "jax" and backend.default_backend() != "cpu":
        device = ", ".join(each.device_kind for each in backend.devices())
    elif name == "tensorflow" and (cards := backend.config.list_physical_devices("GPU")):
        device = ", ".join(backend.config.experimental.get_device_details(card)["device_name"] for card in cards)
    else:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        device = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), device)
    cores = len(os.sched_getaffinity(0))
    return f"Keras {keras.__version__}, {name} {backend.__version__}, {device}, CPU threads: {cores}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, default=0, help="CPU cores to run on; 0 takes all")
    parser.add_argument("--rounds", type=int, default=30, help="timings of each variant")
    parser.add_argument("--calls", type=int, default=3, help="calls of a layer in each timing")
    parser.add_argument("--quick", action="store_true", help="a sixth of the cases")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--layer-only", action="store_true", help="the first table alone")
    only.add_argument("--steps-only", action="store_true", help="the second table alone")
    chosen = parser.parse_args()
    if keras.backend.backend() not in ("tensorflow", "jax"):
        parser.error(f"KERAS_BACKEND must be tensorflow or jax; received {keras.backend.backend()!r}.")
    if chosen.threads:
        # Both backends make a thread for each core they may use, at their first operation.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: chosen.threads])
    print(machine())
    if not chosen.steps_only:
        print_layers(rounds=chosen.rounds, calls=chosen.calls, quick=chosen.quick)
    if not chosen.layer_only:
        reference = {"reference": lambda at: ReferencePooling(at.pool_size, at.routing_steps, at.temperature)}
        with mock.patch.dict(POOLINGS, reference):
            print_steps(rounds=chosen.rounds, quick=chosen.quick)


if __name__ == "__main__":
    main()
