"""One system runs the sweep once: `python -m tests.benchmarks.peers.systems NAME CONFIGS.json`.

Each is used as its documentation shows, and is given the same configs. `answer` notes when the best trial is known.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from sweeps.history import read_run
from tests.benchmarks.peers import work

OUT = Path(os.environ.get("PEERS_OUT", "."))
WORKERS = 2

Configs = list[work.Config]


def answer(best: float, trials: int) -> None:
    (OUT / "answer.json").write_text(json.dumps({"time": time.time(), "best": best, "trials": trials}))


def ray_tune(configs: Configs, *, reuse: bool) -> None:
    """Ray Tune with OptunaSearch, one actor a trial as it comes, or the same actors for all."""
    import ray
    from ray import tune
    from ray.tune.search.optuna import OptunaSearch

    def trainable(config: work.Config) -> None:
        name = tune.get_context().get_trial_id()
        work.train(config, name, lambda epoch, accuracy: tune.report({"accuracy": accuracy}))

    ray.init(num_cpus=WORKERS, log_to_driver=False, logging_level=logging.ERROR)
    search = OptunaSearch(_tune_space, metric="accuracy", mode="max", seed=0, points_to_evaluate=configs)
    settings = tune.TuneConfig(
        search_alg=search, num_samples=len(configs), max_concurrent_trials=WORKERS, reuse_actors=reuse
    )
    run = tune.RunConfig(name="sweep", storage_path=str(OUT / "tune"), verbose=0)
    resources = tune.with_resources(trainable, {"cpu": 1})
    results = tune.Tuner(resources, tune_config=settings, run_config=run).fit()
    ran = [{name: result.config[name] for name in result.config} for result in results]
    _check(configs, ran)
    answer(max(result.metrics["accuracy"] for result in results), len(results))


def _tune_space(trial: Any) -> None:
    work.suggest(trial)


def optuna_two(configs: Configs) -> None:
    """Optuna: one SQLite study, two processes that optimize it."""
    study = _study()
    for config in configs:
        study.enqueue_trial(config)
    command = [sys.executable, "-m", "tests.benchmarks.peers.systems", "optuna-worker", ""]
    for process in [subprocess.Popen(command) for _ in range(WORKERS)]:
        process.wait()
    _check(configs, [trial.params for trial in study.trials])
    answer(study.best_value, len(study.trials))


def optuna_worker() -> None:
    from optuna.trial import TrialState

    def objective(trial: Any) -> float:
        config = work.suggest(trial)
        return work.train(config, trial.number, lambda epoch, accuracy: trial.report(accuracy, epoch))

    def stop_after_the_last(study: Any, trial: Any) -> None:
        if not study.get_trials(states=(TrialState.WAITING,)):
            study.stop()

    _study().optimize(objective, callbacks=[stop_after_the_last])


def _study() -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = f"sqlite:///{OUT / 'study.db'}"
    return optuna.create_study(study_name="sweep", storage=storage, load_if_exists=True, direction="maximize")


def keras_tuner(configs: Configs) -> None:
    """KerasTuner: one process with two threads, for it has no workers on one machine."""
    import keras_tuner

    class Given(keras_tuner.Oracle):
        """Hands out the configs in turn."""

        def populate_space(self, trial_id: str) -> dict[str, Any]:
            place = len(self.start_order) - 1
            return {"status": "RUNNING", "values": configs[place]}

    class Tuner(keras_tuner.Tuner):
        def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> dict[str, float]:
            return {"accuracy": work.train(trial.hyperparameters.values, trial.trial_id)}

    def declare(parameters: Any) -> Any:
        parameters.Choice("pooling", work.SPACE["pooling"])
        parameters.Int("pool_size", 2, 4)
        parameters.Float("learning_rate", 1e-4, 1e-2, sampling="log")
        with parameters.conditional_scope("pooling", ["capsule"]):
            parameters.Int("routing_steps", 1, 4)
            parameters.Float("temperature", 0.25, 8.0, sampling="log")

    parameters = keras_tuner.HyperParameters()
    declare(parameters)
    objective = keras_tuner.Objective("accuracy", "max")
    oracle = Given(objective=objective, max_trials=len(configs), hyperparameters=parameters, seed=0)
    tuner = Tuner(oracle=oracle, hypermodel=declare, directory=str(OUT / "tuner"), project_name="sweep")
    tuner.search()
    trials = list(tuner.oracle.trials.values())
    _check(configs, [trial.hyperparameters.values for trial in trials])
    answer(max(trial.score for trial in trials), len(trials))


def capsweep(configs: Configs) -> None:
    """The command, whole: it checks the space and the data first, and logs, reports and exports as for any user."""
    narrow = os.environ["PEERS_NETWORK"] == "narrow"
    sweep = {
        "name": "peers",
        "model": {"build": "tests.benchmarks.peers.work:build_narrow" if narrow else "capsule_layer:build_classifier"},
        "dataset": {
            "name": "mnist",
            "file": os.environ["CAPSWEEP_MNIST"],
            "train": work.TRAIN,
            "validation": work.VALIDATION,
        },
        "space": work.SPACE,
        "search": {"trials": len(configs), "epochs": work.EPOCHS, "pruner": "none", "first": configs},
        "training": {"batch_size": work.BATCH},
        "workers": {"count": WORKERS, "cpus": 1, "gpus": 0},
    }
    (OUT / "sweep.yaml").write_text(yaml.safe_dump(sweep, sort_keys=False))
    command = [str(Path(sys.executable).with_name("capsweep")), "launch", str(OUT / "sweep.yaml")]
    subprocess.run([*command, "--run-dir", str(OUT / "run")], check=True)
    trials = read_run(OUT / "run").trials.values()
    _check(configs, [trial.spec.params for trial in trials if trial.state == "complete"])


def _check(given: Configs, ran: list[Any]) -> None:
    """Refuse a figure of a system that ran anything else."""
    if sorted(map(_text, given)) != sorted(map(_text, ran)):
        raise SystemExit("not the configs that were given")


def _text(config: work.Config) -> str:
    kept = config if config["pooling"] == "capsule" else {k: v for k, v in config.items() if k not in work.CONDITIONAL}
    return json.dumps(kept, sort_keys=True)


SYSTEMS: dict[str, Callable[[Configs], None]] = {
    "capsweep": capsweep,
    "ray": lambda configs: ray_tune(configs, reuse=False),
    "ray-reuse": lambda configs: ray_tune(configs, reuse=True),
    "optuna": optuna_two,
    "kerastuner": keras_tuner,
}


if __name__ == "__main__":
    name, argument = sys.argv[1:]
    if name == "optuna-worker":
        optuna_worker()
    else:
        SYSTEMS[name](json.loads(Path(argument).read_text()))
