"""Which tests of galley are slow, and when they are left out.

Of a run over a whole folder they are left out, and the run says so: they are one test of six and take most of the
time. All run with `--slow`, as `make test` asks, in CI, under GALLEY_HARD, and where somebody names a module or a test.
The list is measured and not thought out. As a program this file makes it anew, from what pytest wrote of a run:

    pytest tests/galley --slow --junitxml=times.xml && python tests/galley/slow.py times.xml
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean
from xml.etree import ElementTree

LIST = Path(__file__).with_suffix(".txt")
LIMIT = 0.1  # seconds of a test, on average over its parameters
ALL_RUN = ("CI", "GALLEY_HARD")  # variables


def slow() -> frozenset[str]:
    """The slow test functions, as `test_module::test_name`."""
    return frozenset(LIST.read_text(encoding="utf-8").split())


def left_out(asked: Iterable[str], folder: Path, variables: Mapping[str, str]) -> bool:
    """Whether a run leaves them out that was `asked` for these paths, in a folder."""
    names = [Path(folder, each.partition("::")[0]) for each in asked]
    return not any(variables.get(name) for name in ALL_RUN) and all(each.is_dir() for each in names)


def measured(report: Path) -> list[str]:
    """The slow test functions by pytest's report of a run."""
    taken = defaultdict[str, list[float]](list)
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.attrib['classname'].rpartition('.')[2]}::{case.attrib['name'].partition('[')[0]}"
        taken[name].append(float(case.attrib["time"]))
    return sorted(name for name, seconds in taken.items() if fmean(seconds) > LIMIT)


if __name__ == "__main__":
    LIST.write_text("\n".join(measured(Path(sys.argv[1]))) + "\n", encoding="utf-8")
