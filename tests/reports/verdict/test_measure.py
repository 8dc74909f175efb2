"""How a metric is said."""

from __future__ import annotations

import pytest

from reports.verdict import measure_of


def test_an_accuracy_is_an_error_in_per_cent() -> None:
    measure = measure_of("val_accuracy", "test")
    assert measure.name == "test error"
    assert measure.text(0.9913) == "0.87 %"
    assert measure.value(0.99) == pytest.approx(1.0)
    assert measure.difference_text(0.0012) == "−0.12 pp"
    assert measure.difference_text(-0.0012, signed=True) == "+0.12 pp"


def test_accuracies_keep_their_kind_and_other_metrics_their_name() -> None:
    assert measure_of("val_sparse_top_k_categorical_accuracy", "test").name == "test sparse top k categorical error"
    loss = measure_of("val_loss", "validation")
    assert (loss.name, loss.text(0.25), loss.difference_text(-0.031)) == ("validation loss", "0.2500", "−0.031")
    assert measure_of("val_inaccuracy", "test").name == "test inaccuracy"


@pytest.mark.parametrize(
    ("margin", "text"),
    [(0.001, "0.10 pp"), (0.00125, "0.12 pp"), (0.00004, "0.004 pp"), (0.00015, "0.015 pp"), (1e-6, "0.0001 pp")],
)
def test_a_margin_is_never_rounded_to_another(margin: float, text: str) -> None:
    assert measure_of("val_accuracy", "test").margin_text(margin) == text
    assert measure_of("val_loss", "test").margin_text(margin) == f"{margin:.3g}".replace("-", "−")


def test_nothing_is_a_dash() -> None:
    assert measure_of("val_accuracy", "test").text(None) == "–"
