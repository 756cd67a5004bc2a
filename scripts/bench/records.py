"""Reads galley's records from the outside, as the plain files that they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PROFILE = "laptop"


def record_file(tree: Path, number: int) -> Path:
    """Where the record of a page stands."""
    return tree / "snippets" / "outputs" / f"page-{number:04}" / PROFILE / "record.json"


def read(tree: Path, number: int) -> dict[str, Any]:
    """The record of a page."""
    record: dict[str, Any] = json.loads(record_file(tree, number).read_text(encoding="utf-8"))
    return record


def own_seconds(tree: Path, number: int) -> float:
    """What the page's own cells took when they were recorded."""
    run = json.loads(record_file(tree, number).with_name("run.json").read_text(encoding="utf-8"))
    return sum(float(cell["seconds"]) for cell in run["cells"].values())


def outputs(tree: Path, number: int) -> dict[str, str]:
    """The digest of each output of a page."""
    cells = read(tree, number)["cells"]
    return {file["file"]: file["sha256"] for cell in cells for output in cell["outputs"] for file in output["files"]}
