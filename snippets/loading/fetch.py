"""Brings one large file of the hub into the user's own cache, and goes on where an earlier download ended.

Beside the pages, as `downloads`. The hub's client keeps nothing of a file that broke off: of a shard of 10 GB, nothing
after the 9th. Here the part that arrived stays beside the place of the whole, under the pinned digest, and the next run
asks for the rest. The client then finds the file in its cache, and makes the links that it wants.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from loading.catalogue import PIN, Model, ModelError


def blob(model: Model, name: str) -> Path:
    """Where the hub's client keeps a pinned file's bytes: under the digest that the hub names it by."""
    from huggingface_hub import constants

    store = Path(constants.HF_HUB_CACHE, f"models--{model.name.replace('/', '--')}")
    return store / "blobs" / model.files[name].partition(":")[2]


def part(model: Model, name: str) -> Path:
    """Where the bytes of a file lie that have arrived so far."""
    whole = blob(model, name)
    return whole.with_name(f"{whole.name}.part")


def arrived(model: Model) -> int:
    """Bytes of a model's pinned files that are in the cache, unfinished ones among them."""
    places = [place(model, name) for name in model.files for place in (blob, part)]
    return sum(each.stat().st_size for each in places if each.is_file())


def fetch(model: Model, name: str) -> None:
    """Bring the bytes of a file that the hub keeps outside git; a smaller file is left to the hub's client.

    Raises ModelError where the hub states another digest, what the hub's client raises, and OSError.
    """
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import WeakFileLock, build_hf_headers

    whole, so_far = blob(model, name), part(model, name)
    small = not model.files[name].startswith("sha256:")
    if small or whole.exists() or constants.HF_HUB_OFFLINE:
        return
    url = hf_hub_url(model.name, name, revision=model.revision)
    found = get_hf_file_metadata(url)
    if found.etag != whole.name:
        what = f"the hub's {name} of {model.name} is not the pinned file"
        why = f"it says that the digest is {found.etag}, not {whole.name}"
        raise ModelError(f"{what}: {why}. Pin it again: {PIN} {model.name}")
    headers = build_hf_headers()
    if urlsplit(found.location).netloc != urlsplit(url).netloc:
        headers.pop("authorization", None)  # another host must not see the token
    so_far.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(so_far.with_suffix(".lock")):
        if whole.exists():
            return
        with so_far.open("ab") as stream:
            http_get(
                found.location,
                stream,
                resume_size=stream.tell(),
                headers=headers,
                expected_size=found.size,
                displayed_filename=name,
            )
        so_far.replace(whole)
