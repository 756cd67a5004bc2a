"""Writes a hub model's present commit and its files into the catalogue.

`python snippets/loading pin [ID …]`; without an ID it pins the models that have no
commit yet. It asks the hub for names and digests only: weights are downloaded when a
page needs them. The hub must agree with the catalogue on licence and gate, or nothing
is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loading.catalogue import (
    FILE,
    PICKLES,
    READ,
    UNPINNED,
    Model,
    ModelError,
    catalogue,
)
from loading.downloads import refused, unreachable

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoFile


@dataclass(frozen=True)
class Pin:
    """A commit of a model: its 40 hex digits, a digest for each file, the size."""

    revision: str
    files: dict[str, str]
    bytes: int


def pin(names: Sequence[str], file: Path = FILE) -> list[str]:
    """Pin the named models, or all that are unpinned; the answer is a line for each.

    Raises ModelError.
    """
    listed = catalogue(file)
    wanted = [listed.find(name) for name in names]
    wanted = wanted or [
        each for each in listed if each.revision == UNPINNED and not each.made_by
    ]
    said = []
    for model in wanted:
        if not model.on_hub:
            raise ModelError(f"{model.name} is a folder: there is nothing to pin")
        found = ask(model)
        text = with_pin(file.read_text(encoding="utf-8"), model.name, found)
        file.write_text(text, encoding="utf-8")
        size = f"{len(found.files)} files, {found.bytes / 1e9:.2f} GB"
        said.append(f"{model.name}: {found.revision[:12]}, {size}")
    return said


def ask(model: Model) -> Pin:
    """The model's newest commit; raises ModelError when it cannot be had or used."""
    from huggingface_hub import HfApi, errors
    from huggingface_hub.utils import httpx

    api = HfApi()
    try:
        info = api.model_info(model.name)
        tree = list(api.list_repo_tree(model.name, revision=info.sha))
    except errors.HfHubHTTPError as error:
        raise ModelError(refused(model, "list of files", error)) from error
    except (httpx.HTTPError, OSError) as error:
        raise ModelError(unreachable(model, "list of files", error)) from error
    _check_terms(model, info)
    files = [each for each in tree if getattr(each, "blob_id", None)]
    _check_weights(model, [each.path for each in files])
    safe = any(each.path.endswith(".safetensors") for each in files)
    pickles = () if safe else model.pickle  # where both are there, one is enough
    chosen = [each for each in files if _loads(pickles, each.path)]
    digests = {each.path: _digest(each) for each in chosen}
    return Pin(str(info.sha), digests, sum(each.size for each in chosen))


def _check_terms(model: Model, info: Any) -> None:
    """Raise ModelError unless licence and gate are what the catalogue states."""
    licence = getattr(info.card_data, "license", None)
    if licence != model.licence:
        hub = f"the hub says the licence of {model.name} is {licence}"
        raise ModelError(f"{hub}, the catalogue says {model.licence}")
    gated = bool(info.gated)
    if gated != model.gated:
        says = "is gated" if gated else "is not gated"
        then = f"write gated = {str(gated).lower()}"
        raise ModelError(f"the hub says {model.name} {says}: {then}")


def _check_weights(model: Model, files: list[str]) -> None:
    """Raise ModelError unless there are safetensors, or every pickle of weights is listed."""
    if any(each.endswith(".safetensors") for each in files):
        return
    weights = [each for each in files if each.endswith(PICKLES) and "model" in each]
    if missing := [each for each in weights if each not in model.pickle]:
        count = (
            "none" if len(missing) == len(weights) else f"no {', no '.join(missing)}"
        )
        listed = ", ".join(f'"{each}"' for each in weights)
        raise ModelError(
            f"{model.name} has no safetensors file, and of its pickles "
            f"({', '.join(weights)}) {count} is listed. "
            f"To load them, weights only, list them: pickle = [{listed}]"
        )
    if not weights:
        raise ModelError(f"{model.name} has no weights among its files")


def _loads(pickles: Sequence[str], name: str) -> bool:
    if name.endswith(PICKLES):
        return name in pickles
    index_of_pickles = name.endswith(".bin.index.json") and not pickles
    return name.endswith(READ) and "/" not in name and not index_of_pickles


def _digest(file: RepoFile) -> str:
    return f"sha256:{file.lfs.sha256}" if file.lfs else f"git-sha1:{file.blob_id}"


def with_pin(text: str, name: str, pin: Pin) -> str:
    """The catalogue's text with a model's pin in place of the one it had."""
    lines, head, table = text.splitlines(), f'["{name}"]', f'["{name}".files]'
    if table in lines:
        start = lines.index(table)
        above = not lines[start - 1]  # the empty line goes too
        del lines[start - above : _end(lines, start)]
    start = lines.index(head)
    end = _end(lines, start)
    old = ("revision", "bytes")
    kept = [line for line in lines[start:end] if line.split("=")[0].strip() not in old]
    pinned = [f'revision = "{pin.revision}"', f"bytes = {pin.bytes}", "", table]
    pinned += [f'"{file}" = "{digest}"' for file, digest in sorted(pin.files.items())]
    lines[start:end] = [*kept, *pinned]
    return "\n".join(lines) + "\n"


def _end(lines: list[str], start: int) -> int:
    """Where a table ends: after its last setting, above the next one's comment."""
    end = start + 1
    for number in range(start + 1, len(lines)):
        if lines[number].startswith("["):
            break
        if lines[number].strip() and not lines[number].startswith("#"):
            end = number + 1
    return end
