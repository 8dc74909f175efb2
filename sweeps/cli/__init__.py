"""The command line, which alone knows both what trains and what reports; `capsweep --help` lists the commands.

- `commands`: one function for each; they import what they need when they are called.
- `options`: what the options of a command make of a sweep file. `ending`: the report, the best configs.
- `console`: what is shown of a sweep while it goes on. `terminal`: errors, interruptions, exit codes.
"""

from sweeps.cli.commands import app, main

__all__ = ["app", "main"]
