"""Who executes: warm training processes behind one small protocol.

- `protocol`: what the loop asks of workers, and workers of a trainer.
- `inline.InlineWorkers`: one worker in the driver's own process.
- `on_ray.RayWorkers`: actors on one machine or on a `cluster`; these two modules alone import ray.
- `process`: what runs inside a training process. `patience`: how long it is waited for.

One suite of contract tests runs over both kinds.
"""
