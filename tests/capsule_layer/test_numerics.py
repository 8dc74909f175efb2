"""Whatever the shape, the window, the dtype or the temperature: the numbers are right, and they are numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest import mock

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from keras import ops

from capsule_layer import CapsulePooling2D

RESOLUTIONS = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}


def usable_dtypes() -> list[str]:
    if keras.backend.backend() == "jax":
        import jax

        return [dtype for dtype in RESOLUTIONS if dtype != "float64" or jax.config.jax_enable_x64]
    return list(RESOLUTIONS)


DTYPES = usable_dtypes()


@dataclass(frozen=True)
class Case:
    maps: np.ndarray
    """In float64, and exact in the dtype."""
    pool_size: tuple[int, int]
    steps: int
    temperature: float
    padding: str
    data_format: str
    dtype: str

    def layer(self) -> CapsulePooling2D:
        return CapsulePooling2D(
            self.pool_size, self.steps, self.temperature, self.padding, self.data_format, dtype=self.dtype
        )

    def inputs(self) -> np.ndarray:
        """The maps as the layer wants them, in a dtype that holds them."""
        maps = self.maps if self.data_format == "channels_last" else np.moveaxis(self.maps, -1, 1)
        return maps.astype("float64" if self.dtype == "float64" else "float32")

    def run(self, x: object) -> object:
        """The layer on its inputs, read as channels last and in a dtype NumPy knows."""
        pooled = ops.cast(self.layer()(x), "float64" if self.dtype == "float64" else "float32")
        return pooled if self.data_format == "channels_last" else ops.transpose(pooled, (0, 2, 3, 1))


@st.composite
def cases(draw: st.DrawFn, dtypes: list[str] = DTYPES, temperatures: tuple[float, float] = (1e-3, 1e6)) -> Case:
    pool_size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding = draw(st.sampled_from(["same", "valid"]))
    smallest = pool_size if padding == "valid" else (1, 1)
    height, width = (draw(st.integers(low, 9)) for low in smallest)
    batch, channels = draw(st.integers(1, 2)), draw(st.integers(1, 20))
    dtype = draw(st.sampled_from(dtypes))
    scale = draw(st.sampled_from([0.0, 1e-3, 0.3, 1.0, 10.0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    maps = draw(st.sampled_from([1.0, 0.0])) + rng.normal(size=(batch, height, width, channels))
    return Case(
        _rounded(scale * maps, dtype),
        pool_size,
        steps=draw(st.integers(1, 5)),
        temperature=10 ** draw(st.floats(*map(math.log10, temperatures))),
        padding=padding,
        data_format=draw(st.sampled_from(["channels_last", "channels_first"])),
        dtype=dtype,
    )


def _rounded(maps: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "bfloat16":
        bits = maps.astype("float32").view("uint32") & np.uint32(0xFFFF0000)
        return bits.view("float32").astype("float64")
    return maps.astype(dtype).astype("float64")


@contextmanager
def without_compiler() -> Iterator[None]:
    """Shapes drawn at random would each be compiled."""
    with (
        mock.patch("capsule_layer.gradient.compiled", lambda function: function),
        mock.patch("capsule_layer.pooling.compiled", lambda function: function),
    ):
        yield


def tolerance(case: Case) -> float:
    """What rounding may do: one step multiplies an error of the scores by the largest slope of its softmax."""
    statistics = RESOLUTIONS["float64" if case.dtype == "float64" else "float32"]
    longest = np.linalg.norm(case.maps, axis=-1).max(initial=0)
    slope = 1 + longest * max(longest, 1) / case.temperature
    return 4 * RESOLUTIONS[case.dtype] + 16 * statistics * math.sqrt(case.maps.shape[-1]) * slope ** (case.steps - 1)


def check(case: Case, reference_pool, reference_couplings) -> None:
    arguments = (case.maps, case.pool_size, case.steps, case.temperature, case.padding)
    allowed = tolerance(case)
    # Beyond, the softmax magnifies rounding to whole cells: nothing is left to compare.
    assume(allowed < 0.05)
    largest = np.abs(case.maps).max(initial=0)
    result = ops.convert_to_numpy(case.run(case.inputs()))
    np.testing.assert_allclose(result, reference_pool(*arguments), rtol=0, atol=allowed * largest + 1e-300)
    couplings = ops.convert_to_numpy(case.layer().routing(case.inputs()))
    np.testing.assert_allclose(couplings, reference_couplings(*arguments), rtol=0, atol=allowed)


# Without its compiler, JAX compiles every operation for every shape.
@settings(max_examples=12 if keras.backend.backend() == "jax" else 300)
@given(case=cases())
def test_every_case_equals_the_reference(reference_pool, reference_couplings, case):
    with without_compiler():
        check(case, reference_pool, reference_couplings)


@settings(max_examples=12)
@given(case=cases())
def test_every_compiled_case_equals_the_reference(reference_pool, reference_couplings, case):
    check(case, reference_pool, reference_couplings)


@pytest.mark.skipif("float64" not in DTYPES, reason="JAX has no float64 unless asked for at its start")
@settings(max_examples=8 if keras.backend.backend() == "jax" else 100)
@given(case=cases(dtypes=["float64"], temperatures=(0.2, 1e3)), seed=st.integers(0, 2**32 - 1))
def test_gradients_are_the_finite_differences_of_the_reference(reference_pool, value_and_gradient, case, seed):
    # The third derivative of sharper softmaxes is out of the reach of a difference.
    assume(np.abs(case.maps).max(initial=0) < 10)
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=case.maps.shape)
    step = 1e-5
    ahead, behind = (
        reference_pool(case.maps + sign * step * direction, case.pool_size, case.steps, case.temperature, case.padding)
        for sign in (1, -1)
    )
    upstream = rng.normal(size=ahead.shape)
    expected = np.sum((ahead - behind) / (2 * step) * upstream)
    with without_compiler():
        _, gradient = value_and_gradient(case.run, case.inputs(), upstream)
    gradient = gradient if case.data_format == "channels_last" else np.moveaxis(gradient, 1, -1)
    size = np.abs(gradient * direction).sum()
    np.testing.assert_allclose(np.sum(gradient * direction), expected, rtol=1e-6, atol=1e-6 * size + 1e-9)


@pytest.mark.skipif("float64" not in DTYPES, reason="JAX has no float64 unless asked for at its start")
@pytest.mark.parametrize("steps", [2, 4])
def test_the_learned_temperature_has_the_slope_of_the_reference(reference_pool, value_and_gradient, steps):
    maps = np.random.default_rng(1).normal(size=(2, 5, 4, 3))
    layer = CapsulePooling2D((2, 3), steps, 0.7, learn_temperature=True, dtype="float64")
    layer.build(maps.shape)
    (weight,) = layer.trainable_variables
    upstream = np.random.default_rng(2).normal(size=(2, 3, 2, 3))

    def by_logarithm(logarithm):
        return layer.stateless_call([logarithm], [], maps)[0]

    _, slope = value_and_gradient(by_logarithm, ops.convert_to_numpy(weight), upstream)
    ahead, behind = (reference_pool(maps, (2, 3), steps, 0.7 * math.exp(h), "same") for h in (1e-5, -1e-5))
    np.testing.assert_allclose(slope, np.sum((ahead - behind) / 2e-5 * upstream), rtol=1e-6)


# Beyond, a gradient that is zero but for rounding overflows in the second of two softmaxes.
LARGEST = {"float16": 3e4, "bfloat16": 1e18, "float32": 1e18, "float64": 1e150}
SMALLEST = {"float16": 6e-8, "bfloat16": 1e-38, "float32": 1e-38, "float64": 1e-300}


def extremes(dtype: str) -> dict[str, np.ndarray]:
    noise = np.random.default_rng(5).normal(size=(2, 7, 5, 8))
    noise /= np.abs(noise).max()
    same = np.broadcast_to(noise[:, :1, :1], noise.shape)
    orders = np.array([0.0, SMALLEST[dtype], 1.0, LARGEST[dtype], -LARGEST[dtype]])
    return {
        "zeros": np.zeros_like(noise),
        "constant": 3.0 * same,
        "huge": LARGEST[dtype] * noise,
        "huge constant": LARGEST[dtype] * same,
        "tiny": SMALLEST[dtype] * noise,
        "mixed": noise * orders[:, None],
    }


@pytest.mark.parametrize("temperature", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("kind", extremes("float32"))
@pytest.mark.parametrize("dtype", DTYPES)
def test_values_and_gradients_are_finite(value_and_gradient, dtype, kind, temperature):
    maps = extremes(dtype)[kind]
    case = Case(_rounded(maps, dtype), (3, 3), 3, temperature, "same", "channels_last", dtype)
    upstream = np.random.default_rng(6).normal(size=(2, 3, 2, 8))
    with without_compiler():
        value, gradient = value_and_gradient(case.run, case.inputs(), upstream)
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()
    assert np.abs(value).max(initial=0) <= np.abs(case.maps).max() * (1 + 4 * RESOLUTIONS[dtype])
    if kind in ("zeros", "tiny"):
        # Cells that cannot be told apart: the mean and its gradient.
        np.testing.assert_allclose(np.abs(gradient).sum(), np.abs(upstream).sum(), rtol=20 * RESOLUTIONS[dtype])


def test_equal_cells_share_the_gradient(value_and_gradient):
    cell = np.random.default_rng(5).normal(size=8)
    maps = np.broadcast_to(cell, (2, 7, 5, 8)).astype("float32")
    upstream = np.random.default_rng(6).normal(size=(2, 3, 2, 8))
    value, gradient = value_and_gradient(CapsulePooling2D(3, 3), maps, upstream)
    np.testing.assert_allclose(value, np.broadcast_to(cell, value.shape), rtol=1e-5)
    np.testing.assert_allclose(np.abs(gradient).sum(), np.abs(upstream).sum(), rtol=1e-4)


@pytest.mark.parametrize(("dtype", "largest"), [("float32", 1e36), ("bfloat16", 1e36)])
def test_values_are_finite_up_to_the_end_of_the_range(dtype, largest):
    maps = largest * np.random.default_rng(5).uniform(-1, 1, size=(2, 7, 5, 8))
    case = Case(_rounded(maps, dtype), (3, 3), 4, 1e-3, "same", "channels_last", dtype)
    assert np.isfinite(ops.convert_to_numpy(case.run(case.inputs()))).all()


@pytest.mark.parametrize("temperature", [1e-8, 1e-30])
@pytest.mark.parametrize("scale", [1.0, 1e20])
def test_a_compiler_that_computes_scores_twice_loses_no_cell(temperature, scale):
    # Scores that round differently where they are read and where their maximum is taken differ by many temperatures.
    maps = (scale * np.random.default_rng(7).normal(scale=2.0, size=(16, 4, 4, 3))).astype("float32")
    pooled = ops.convert_to_numpy(CapsulePooling2D(2, 3, temperature)(maps))
    cells = maps.reshape(16, 2, 2, 2, 2, 3).transpose(0, 1, 3, 2, 4, 5).reshape(16, 2, 2, 4, 3)
    np.testing.assert_allclose(np.abs(cells - pooled[:, :, :, None]).max(axis=-1).min(axis=-1), 0, atol=1e-3 * scale)


@pytest.mark.parametrize("temperature", [1.0, 1e6])
@pytest.mark.parametrize("dtype", DTYPES)
def test_cells_that_cancel_have_a_finite_gradient(value_and_gradient, dtype, temperature):
    half = np.random.default_rng(5).normal(size=(2, 4, 3, 8))
    maps = _rounded(np.concatenate([half, -half], axis=2), dtype)[:, :, [0, 3, 1, 4, 2, 5]]
    case = Case(maps, (2, 2), 3, temperature, "same", "channels_last", dtype)
    with without_compiler():
        value, gradient = value_and_gradient(case.run, case.inputs(), np.ones((2, 2, 3, 8)))
    np.testing.assert_allclose(value, 0, atol=1e-6)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_towards_infinity_it_is_average_pooling_and_towards_zero_one_cell(dtype):
    maps = _rounded(np.random.default_rng(8).normal(size=(2, 6, 6, 8)), dtype)
    hot, cold = (
        ops.convert_to_numpy(Case(maps, (3, 2), 3, t, "same", "channels_last", dtype).run(maps.astype("float32")))
        for t in (1e6, 1e-3)
    )
    cells = maps.reshape(2, 2, 3, 3, 2, 8).transpose(0, 1, 3, 2, 4, 5).reshape(2, 2, 3, 6, 8)
    np.testing.assert_allclose(hot, cells.mean(axis=3), atol=4 * RESOLUTIONS[dtype] + 1e-5)
    mean = cells.mean(axis=3, keepdims=True)
    scores = (cells * mean).sum(-1) / (1 + np.linalg.norm(mean, axis=-1))
    first = np.take_along_axis(cells, scores.argmax(-1)[..., None, None], axis=3)[..., 0, :]
    two_steps = Case(maps, (3, 2), 2, 1e-3, "same", "channels_last", dtype).run(maps.astype("float32"))
    np.testing.assert_allclose(ops.convert_to_numpy(two_steps), first, atol=4 * RESOLUTIONS[dtype] + 1e-3)
    assert np.abs(cells - cold[:, :, :, None]).max(axis=-1).min(axis=-1).max() < 4 * RESOLUTIONS[dtype] + 1e-3
