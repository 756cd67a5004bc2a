"""The models that the guide may load, `models/catalogue.toml`, read without torch."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "models" / "catalogue.toml"
UNPINNED = "unpinned"
PIN = "python snippets/loading pin"
COMMIT = re.compile(r"[0-9a-f]{40}")
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")  # what torch unpickles
# What transformers and peft open besides. A card is not among it, nor is code.
READ = (".json", ".safetensors", ".txt", ".model", ".jinja")


class ModelError(Exception):
    """A model that cannot or must not be loaded; the message says what to do."""


@dataclass(frozen=True)
class Model:
    """One listed model; pages call it by its `name`.

    That is a hub id, or a folder relative to the pages' own.
    """

    name: str
    licence: str
    title: str = ""
    stands_for: str = ""  # the real model, where this one is its stand-in
    gated: bool = False
    pickle: tuple[str, ...] = ()
    revision: str = ""  # of a hub model: 40 hex digits, or "unpinned"
    parameters: int = 0  # how many numbers its weights are; 0 where nobody counted
    adapter: bool = False  # PEFT keeps an adapter's weights in float32
    made_by: str = ""  # the command that makes it, where the hub does not have it
    bytes: int = 0
    files: Mapping[str, str] = field(default_factory=dict, hash=False)
    # file name -> sha256:… or git-sha1:…

    @property
    def on_hub(self) -> bool:
        """Whether it is downloaded; a folder of the project has no revision."""
        return bool(self.revision)

    def pinned(self) -> Model:
        """The model itself; raises ModelError unless it has a commit on the hub."""
        if not self.on_hub:
            what = "it is listed as a folder of the project"
            raise ModelError(f"there is no folder {self.name}: {what}")
        if self.revision == UNPINNED or not self.files:
            what = f"{self.name} has no pinned revision, so it does not load"
            raise ModelError(f"{what}. Pin it: {PIN} {self.name}")
        return self


@dataclass(frozen=True)
class Catalogue:
    """The listed models and the file that lists them."""

    file: Path
    models: Mapping[str, Model]

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models.values())

    def folder(self, model: Model) -> Path:
        """Where a model of the project stands."""
        return (self.file.parents[1] / model.name).resolve()

    def find(self, name: str) -> Model:
        """The model of that name; raises ModelError when it is not listed."""
        if name in self.models:
            return self.models[name]
        if self._is_ours(name):
            raise ModelError(f"there is no folder {name} in the model that is listed")
        what = f"the model '{name}' is not in the catalogue"
        raise ModelError(f"{what}. {self.how_to_list(name)}")

    def at(self, path: Path) -> Model:
        """The model whose folder `path` is or lies below; ModelError without one."""
        path = path.resolve()
        for model in self:
            if not model.on_hub and path.is_relative_to(self.folder(model)):
                return model
        what = f"the folder {path} is not in the catalogue"
        raise ModelError(f"{what}. {self.how_to_list('models/NAME')}")

    def named_in(self, parameters: Mapping[str, Any]) -> list[Model]:
        """The hub models that parameters name; ModelError for one not listed."""
        texts = [each for each in parameters.values() if isinstance(each, str)]
        ids = [text for text in texts if HUB_ID.fullmatch(text)]
        return [self.find(text) for text in ids if not self._is_ours(text)]

    def _is_ours(self, text: str) -> bool:
        """A path below a listed folder looks like an id, and need not exist yet."""
        local = [model.name for model in self if not model.on_hub]
        return any(text == name or text.startswith(f"{name}/") for name in local)

    def how_to_list(self, name: str) -> str:
        """What to write where to list a model."""
        said = f'add to {"/".join(self.file.parts[-3:])}: ["{name}"] with licence = "…"'
        if not name.startswith("models/"):
            said += f' and revision = "{UNPINNED}", then run: {PIN} {name}'
        return f"To list it, {said}"


def snapshot(cache: Path, model: Model) -> Path:
    """Where a folder in the hub's own layout keeps the files of a revision."""
    store = cache / f"models--{model.name.replace('/', '--')}"
    return store / "snapshots" / model.revision


def catalogue(file: Path = FILE) -> Catalogue:
    """The catalogue as its file is now; ModelError when it cannot be read."""
    try:
        status = file.stat()
    except OSError as error:
        raise ModelError(f"{file}: {error}") from error
    return _read(file, status.st_mtime_ns, status.st_size)


@cache
def _read(file: Path, mtime_ns: int, size: int) -> Catalogue:
    """Read once for each state of the file.

    The runner does it before it forks, so that no page has to open the file.
    """
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        models = {name: _model(name, table) for name, table in tables.items()}
        return Catalogue(file, models)
    except (OSError, ValueError, ModelError) as error:
        raise ModelError(f"{file}: {error}") from error


def _model(name: str, table: Any) -> Model:
    known = {each.name for each in fields(Model)} - {"name"}
    if not isinstance(table, dict):
        raise ModelError(f"'{name}' is a value, not a table")
    if unknown := set(table) - known:
        what = f"[\"{name}\"] has no setting '{min(unknown)}'"
        raise ModelError(f"{what}; it knows: {', '.join(sorted(known))}")
    if not table.get("licence"):
        raise ModelError(f'["{name}"] states no licence')
    revision = table.get("revision", "")
    if revision and revision != UNPINNED and not COMMIT.fullmatch(revision):
        what = f"[\"{name}\"] has the revision '{revision}'"
        raise ModelError(f"{what}, which is no commit of 40 hex digits")
    return Model(name=name, **{**table, "pickle": tuple(table.get("pickle", ()))})
