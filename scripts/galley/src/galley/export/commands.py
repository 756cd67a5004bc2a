"""The commands of a shell cell as code that runs elsewhere: in a script, in a notebook, in a cell's copy.

In the command and in the builder. One `sh` runs all commands of a cell, as when they were recorded, and stops at the
first that fails.
"""

from __future__ import annotations

from galley.source.cells import Cell
from galley.source.shell import commands

RUN = '_subprocess.run(["sh", "-ec", """\\\n{text}"""]'


def as_python(cell: Cell) -> str:
    """A Python program that runs the commands, and fails where they do not end as they must."""
    text = _text(cell).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    run, status = RUN.format(text=text), cell.options["exit"]
    if not status:
        return f"import subprocess as _subprocess\n\n{run}, check=True)"
    return f'import subprocess as _subprocess\n\nassert {run}).returncode == {status}, "this must end with {status}"'


def as_notebook(cell: Cell) -> str:
    """The text of a cell of IPython's that runs the commands."""
    return f"%%sh -e{' --no-raise-error' * bool(cell.options['exit'])}\n{_text(cell)}".rstrip("\n")


def _text(cell: Cell) -> str:
    return "".join(f"{each.text}\n" for each in commands(cell))
