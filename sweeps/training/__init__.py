"""What runs on a worker: the only part of the machine that imports Keras.

`Trainer` trains one epoch of a trial at a time on warm models; `build_model` calls the sweep's own function;
`inspect_space` builds every corner of a space before a sweep starts. Importing this package loads nothing heavy: its
modules are imported by the worker process, once, when it opens its trainer.
"""

__all__: list[str] = []
