"""Brings pinned models from the hub before a page runs.

This runs beside the pages, never in one: only here is the user's token at hand. Pages
read a folder in the layout of the hub's own cache. It holds the pinned files and
nothing else, so that unmodified libraries find the pinned revision under the model's
own id, offline.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loading.catalogue import PIN, UNPINNED, Model, ModelError, catalogue, snapshot
from loading.fetch import arrived, fetch
from loading.room import room_for

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

CHUNK = 1 << 20
LONG = 1 << 30  # bytes whose digest takes long enough for a bar
LOGIN = "set HF_TOKEN, or run: hf auth login"


def prepare(profile: str, parameters: Mapping[str, Any]) -> dict[str, str]:
    """Download what a profile's parameters name; pin what has no commit yet.

    The answer is what the profile's pages are to see in their environment. Raises
    ModelError when a model is not listed or cannot be had, when disk or memory have no
    room for it, and when the profile is for a device that is not here.
    """
    if str(parameters.get("device", "")).startswith("cuda"):
        import torch  # seconds that only a profile with a GPU has to wait

        if not torch.cuda.is_available():
            raise ModelError(
                "it is for CUDA, and torch sees no CUDA device: run it on a machine with one"
            )
    _pin_new(catalogue().named_in(parameters))
    models = [model.pinned() for model in catalogue().named_in(parameters)]
    if not models:
        return {}
    _made_here(profile, models)
    room_for(models, parameters)
    return {"HF_HUB_CACHE": str(view(models)), "HF_HUB_OFFLINE": "1"}


def _pin_new(models: list[Model]) -> None:
    """Write the newest commits into the catalogue, and tell the user, who commits it."""
    from loading.pins import pin

    new = [each.name for each in models if each.revision == UNPINNED]
    if new := [name for name in new if not catalogue().find(name).made_by]:
        print(*(f"pinned {line}" for line in pin(new)), sep="\n", file=sys.stderr)


def _made_here(profile: str, models: list[Model]) -> None:
    """Raise ModelError where the hub is asked for what it does not have."""
    from huggingface_hub import constants

    made = [model for model in models if model.made_by]
    if made and constants.ENDPOINT == constants._HF_DEFAULT_ENDPOINT:
        what = f"{made[0].name} has random weights, and is no model of the hub"
        raise ModelError(f"{what}. To make it and run {profile}: {made[0].made_by}")


def view(models: list[Model]) -> Path:
    """The folder that pages read: links to the pinned files, made once checked."""
    from huggingface_hub import constants

    pins = [[model.name, model.revision, dict(model.files)] for model in models]
    name = hashlib.sha256(json.dumps(pins).encode()).hexdigest()[:16]
    folder = Path(constants.HF_HUB_CACHE).parent / "galley-pages" / name
    for model in models:
        for file in model.files:
            _link(folder, model, file, download(model, file))
        store = snapshot(folder, model).parents[1]
        _write(store / "refs" / "main", model.revision)  # "main" means the pin here
    return folder


def download(model: Model, name: str) -> Path:
    """One pinned file in the user's own cache, downloaded unless it is there.

    Raises ModelError when it cannot be had.
    """
    from huggingface_hub import errors, hf_hub_download
    from huggingface_hub.utils import httpx

    try:
        fetch(model, name)
        file = hf_hub_download(model.name, name, revision=model.revision)
        return Path(file).resolve()
    except errors.HfHubHTTPError as error:
        raise ModelError(refused(model, name, error)) from error
    except errors.LocalEntryNotFoundError as error:
        raise ModelError(unreachable(model, name, error)) from error
    except (httpx.HTTPError, OSError) as error:
        raise ModelError(broke_off(model, name, error)) from error


def broke_off(model: Model, name: str, error: Exception) -> str:
    """The sentence for a download that began: what arrived stays, and the next run goes on."""
    from huggingface_hub import constants

    what = f"the download of {name} of {model.name} broke off"
    have = f"{arrived(model) / 1e9:.2f} of {model.bytes / 1e9:.2f} GB have arrived"
    if getattr(error, "errno", None) == errno.ENOSPC:
        full = f"the disk of {constants.HF_HUB_CACHE} is full"
        return f"{what}: {full}. Make room and run it again: {have}, and are kept"
    cause = f"{type(error).__name__}: {error}"
    return f"{what} ({cause}). Run it again: {have}, and are kept"


def refused(model: Model, name: str, error: HfHubHTTPError) -> str:
    """The sentence for an answer that is an error."""
    from huggingface_hub import constants, errors, get_token

    status = error.response.status_code
    page = f"{constants.ENDPOINT}/{model.name}"
    if isinstance(error, errors.GatedRepoError):
        accept = f"accept its licence, {model.licence}, at {page}"
        then = " with the account that your token is of"
        then = then if get_token() else f", then {LOGIN}"
        return f"{model.name} is gated ({status}): {accept}{then}"
    if status == 401:
        which = "does not know your token" if get_token() else "wants to know who asks"
        return f"the hub {which} for {model.name} (401): {LOGIN}"
    if status == 403:
        what = f"the hub forbids {model.name} to your token (403)"
        return f"{what}: give the token the right to read it, or {LOGIN}"
    gone = errors.RevisionNotFoundError | errors.RemoteEntryNotFoundError
    if isinstance(error, gone):
        where = f"the revision {model.revision[:12]} of {model.name}"
        again = f"Pin it again: {PIN} {model.name}"
        return f"the hub has no {name} at {where} (404). {again}"
    if status == 404:
        what = f"the hub has no model {model.name} (404), or hides it from you"
        return f"{what}: look at {page}"
    return f"the hub answered {status} for {name} of {model.name}: try again later"


def unreachable(model: Model, name: str, error: Exception) -> str:
    """The sentence for no answer; the hub's client hides some refusals behind it."""
    from huggingface_hub import constants, errors

    if isinstance(error.__cause__, errors.HfHubHTTPError):
        return refused(model, name, error.__cause__)
    what = f"cannot get {name} of {model.name}"
    if constants.HF_HUB_OFFLINE:
        return f"{what}: HF_HUB_OFFLINE is set. Unset it and run again"
    cause = str(error.__cause__ or error).partition("\n")[0]
    why = f"the hub at {constants.ENDPOINT} cannot be reached ({cause})"
    return f"{what}: {why}. Check the connection"


def _link(folder: Path, model: Model, name: str, target: Path) -> None:
    """Link to a file that has the pinned digest; an unchanged one is not read again."""
    link, wanted = snapshot(folder, model) / name, model.files[name]
    note = snapshot(folder, model).parents[1] / "checked" / name
    status = target.stat()
    state = f"{target} {status.st_size} {status.st_mtime_ns}"
    if link.exists() and note.exists() and note.read_text(encoding="utf-8") == state:
        return
    if (found := digest(target, wanted.partition(":")[0])) != wanted:
        what = f"{name} of {model.name} is not the pinned file"
        why = f"its digest is {found}, not {wanted}"
        raise ModelError(f"{what}: {why}. Delete {target} and run again")
    link.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=link.parent) as made:
        fresh = Path(made, "link")
        fresh.symlink_to(target)
        fresh.replace(link)  # another run may have made it meanwhile
    _write(note, state)


def digest(file: Path, kind: str) -> str:
    """`kind:hex` of a file: sha256 of its bytes, or git-sha1 as git names it."""
    from huggingface_hub.utils import tqdm

    taken, size = hashlib.sha256(), file.stat().st_size
    if kind == "git-sha1":
        taken = hashlib.sha1(f"blob {size}\0".encode())
    bar = {
        "total": size,
        "unit": "B",
        "unit_scale": True,
        "disable": size < LONG or None,
    }
    with file.open("rb") as stream, tqdm(desc="computing the digest", **bar) as told:
        while chunk := stream.read(CHUNK):
            taken.update(chunk)
            told.update(len(chunk))
    return f"{kind}:{taken.hexdigest()}"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, made = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    Path(made).replace(file)
