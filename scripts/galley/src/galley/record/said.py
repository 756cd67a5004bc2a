"""What a record says that it ran on, as short texts by name."""

from __future__ import annotations

from collections.abc import Sequence

from galley.record.model import CellRecord, Record


def ran_on(record: Record, recorded: CellRecord | None = None) -> dict[str, str]:
    """Each fact of a record by name; with a cell's part of it, as it was when that cell ended."""
    facts = record.environment
    provenance = {**facts.get("provenance", {}), **(recorded.provenance if recorded else {})}
    shown = {name: said for name, said in provenance.items() if isinstance(said, str | int | float) and said != ""}
    named = {name: " ".join(str(said).split()) for name, said in shown.items()}
    named["Python"] = f"Python {facts['python']}"
    named |= {name: f"{name} {version.partition('+')[0]}" for name, version in facts.get("packages", {}).items()}
    return named | {name: str(facts[name]) for name in ("system", "cpu")}


def line(record: Record, shown: Sequence[str]) -> str:
    """The facts of a record that are `shown`, and its day, in one line."""
    named = ran_on(record)
    return " · ".join([*(named[name] for name in shown if name in named), record.date])
