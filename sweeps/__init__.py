"""The machine: it decides, executes and remembers.

Importing this package loads none of Ray, Optuna and Keras; each of them has one place below.

- `config`, `options`: what is asked, from a sweep file and the command line.
- `records`, `codec`, `runlog`, `history`: what happened, as events in a run directory, and the run folded from them.
- `search` (Optuna): what to train next, when to stop it. `results`, `selection`: what a trial came to, which is best.
- `workers` (Ray), `training` (Keras): who trains, where, and how. `datasets`: on which images.
- `loop`, `driver`, `cli`: one loop joins the three roles, the driver puts a sweep together, the command line starts it.
"""

__all__: list[str] = []
