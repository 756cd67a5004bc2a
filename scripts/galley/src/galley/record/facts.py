"""The facts that a page ran on: how they are found on the machine, and how they are told in short texts.

In every process: a page's child finds the facts of its run, every command compares them with its own machine's, and
the builder shows them.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from galley import system
from galley.record.model import CellRecord, Environment, Record

# What stands beside an output of a profile that is not required: no check of this guide runs it again.
NOT_RERUN = "recorded, not rerun here"


def environment(packages: Sequence[str], provenance: Mapping[str, Any] | None = None) -> Environment:
    """The facts of this process, with the versions of the named packages that are installed."""
    return Environment(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        cpu=system.processor(),
        packages={name: version for name in packages if (version := installed(name))},
        provenance=provenance or {},
    )


@cache
def installed(name: str) -> str | None:
    """The version of an installed package, None where it is not installed; kept, since finding it reads folders."""
    from importlib import metadata  # a hundredth of a second, which only records that name packages have to wait for

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def canonical(name: str) -> str:
    """The name of a package as an index compares it: two spellings of one package give the same text.

    It is the rule of `packaging.utils.canonicalize_name`, whose import would take a twentieth of a second from every
    command and every page.
    """
    return "-".join(part for part in name.lower().replace("_", "-").replace(".", "-").split("-") if part)


def ran_on(record: Record, cell: CellRecord | None = None) -> dict[str, str]:
    """Each fact of a record by name, as a short text; with the record's part of a `cell`, as of that cell's end."""
    facts = record.environment
    provenance = {**facts.provenance, **(cell.provenance if cell else {})}
    shown = {name: said for name, said in provenance.items() if isinstance(said, str | int | float) and said != ""}
    named = {name: " ".join(str(said).split()) for name, said in shown.items()}
    named["Python"] = f"Python {facts.python}"
    named |= {name: f"{name} {version.partition('+')[0]}" for name, version in facts.packages.items()}
    return named | {"system": facts.system, "cpu": facts.cpu}


def facts_line(record: Record, names: Sequence[str]) -> str:
    """The facts of these names and the record's date, in one line."""
    named = ran_on(record)
    return " · ".join([*(named[name] for name in names if name in named), record.date])


def other_versions(recorded: Environment, now: Environment) -> Iterator[str]:
    """The versions that a new run has in another form than its record, in words.

    Of Python the first two numbers count, since no later one changes what a program prints. A recorded package that is
    not installed here counts as equal.
    """
    python = [version.split(".")[:2] for version in (recorded.python, now.python)]
    if python[0] != python[1]:
        yield f"python was {recorded.python}, is {now.python}"
    yield from other_packages(recorded.packages, now.packages)


def other_packages(recorded: Mapping[str, str], known: Mapping[str, str]) -> Iterator[str]:
    """The packages of another version here than the recorded one, in words; what is installed is asked where needed."""
    for name, was in recorded.items():
        here = known.get(name) or installed(name)
        if here and here.partition("+")[0] != was.partition("+")[0]:
            yield f"{name} was {was}, is {here}"
