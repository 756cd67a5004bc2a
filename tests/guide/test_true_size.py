"""StarCoderBase-7B's own shape with random weights: its files, and at a hundredth of the size the path to a page.

`make rehearse` takes the same path, from the hub to the page's record, at the true size.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from transformers import AutoTokenizer, GPTBigCodeConfig

import make_true_size
from guide_folder import GuideFolder
from hub_server import Hub, hub_server
from hub_user import HOOKS, User
from make_true_size import FORMS, NoRoomError, Shape, bytes_of, files_of, fill, make, write_pickle
from rehearse import listed as listed_at

ROOT = Path(__file__).parents[2]
BASE, ADAPTER = "bigcode/starcoderbase-7b", "bigcode/astraios-7b-parallel"
SHARDS = [f"pytorch_model-0000{number}-of-00004.bin" for number in (1, 2, 3, 4)]
MEMBER = "hf_member"
HUNDREDTH = Shape(115)  # about: widths are multiples of 64
LONG = ("deep_dive", "code_explanation")  # the pages that are about the two models


class Shallow(Shape):
    """A hundredth's width, and few layers: the long pages write thousands of tokens, each with all layers."""

    def config(self) -> GPTBigCodeConfig:
        """The settings at a hundredth of the size, with few layers."""
        config = HUNDREDTH.config()
        config.n_layer = 5
        return config


SHALLOW = Shallow(680)  # by which four files are cut, and `lm_head` stands alone in the last
PROFILES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["galley"]["profiles"]
CPU = PROFILES["7b-cpu"]["parameters"]


# --- The files ----------------------------------------------------------------------------------


def test_the_files_have_the_published_sizes():
    """The shards of astraios-7b-fft, which has no `lm_head`, and the adapter, as the hub lists them; headers apart."""
    sizes = {
        name: [4 * sum(map(math.prod, each.values())) for each in files_of(name, Shape()).values()] for name in FORMS
    }
    published = [9_859_087_440, 9_993_502_712, 9_456_516_456]
    assert all(0 < there - here < 20_000 for there, here in zip(published, sizes["starcoderbase-7b"][:3], strict=True))
    assert sizes["starcoderbase-7b"][3] == 4 * 49152 * 4096, "lm_head stands alone in the last"
    assert list(files_of("starcoderbase-7b", Shape())) == SHARDS
    assert round(bytes_of("starcoderbase-7b", Shape()) / 1e9, 1) == 30.1
    assert bytes_of("starcoderbase-7b-safetensors", Shape()) == 2 * 7_327_263_232
    assert round(bytes_of("astraios-7b-parallel", Shape()) / 1e6) == 363
    assert 90 < bytes_of("starcoderbase-7b", Shape()) / bytes_of("starcoderbase-7b", HUNDREDTH) < 115
    assert len(files_of("starcoderbase-7b", HUNDREDTH)) == 4


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The three folders at a hundredth of the size."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("made")
    make(folder, HUNDREDTH)
    torch.set_num_threads(threads)
    yield folder
    shutil.rmtree(folder)


def test_the_pickles_hold_what_the_published_ones_do(made):
    index = json.loads((made / "starcoderbase-7b" / "pytorch_model.bin.index.json").read_text())["weight_map"]
    found = {}
    for name in SHARDS:
        state = torch.load(made / "starcoderbase-7b" / name, weights_only=True, mmap=True)
        assert {index[key] for key in state} == {name}
        found |= state
    assert set(found) == set(index)
    assert {each.dtype for each in found.values()} == {torch.float32}
    assert torch.equal(found["lm_head.weight"], found["transformer.wte.weight"])
    assert found["transformer.h.41.mlp.c_fc.weight"].std().item() == pytest.approx(0.02, rel=0.01)
    assert found["transformer.h.0.ln_1.weight"].mean().item() == pytest.approx(1, abs=0.01)
    assert not torch.equal(found["transformer.h.0.mlp.c_fc.weight"], found["transformer.h.1.mlp.c_fc.weight"])
    adapter = torch.load(made / "astraios-7b-parallel" / "adapter_model.bin", weights_only=True)
    assert len(adapter) == 84
    keys = ["base_model.model.transformer.h.0.attn.c_attn.adapter_down.weight", "adapter_up.weight"]
    assert [key.endswith(end) for key, end in zip(adapter, keys, strict=False)] == [True, True]


def test_the_safetensors_are_the_same_numbers_in_bfloat16(made):
    index = json.loads((made / "starcoderbase-7b-safetensors" / "model.safetensors.index.json").read_text())
    for key in ("transformer.wpe.weight", "transformer.h.20.attn.c_attn.bias", "transformer.ln_f.weight"):
        wide = torch.load(made / "starcoderbase-7b" / pickle_of(made, key), weights_only=True, mmap=True)[key]
        file = made / "starcoderbase-7b-safetensors" / index["weight_map"][key]
        with safe_open(file, framework="pt") as opened:
            assert opened.metadata() == {"format": "pt"}
            assert torch.equal(opened.get_tensor(key), wide.to(torch.bfloat16))
    assert "lm_head.weight" not in index["weight_map"]


def pickle_of(made: Path, key: str) -> str:
    return json.loads((made / "starcoderbase-7b" / "pytorch_model.bin.index.json").read_text())["weight_map"][key]


def test_the_tokenizer_has_a_word_for_every_number_that_the_model_can_say(made):
    tokenizer = AutoTokenizer.from_pretrained(made / "starcoderbase-7b")
    assert len(tokenizer) == HUNDREDTH.config().vocab_size
    small = AutoTokenizer.from_pretrained(ROOT / "snippets" / "models" / "stdlib-coder")
    text = "def add(a, b):\n    return a + b  # é 12"
    assert tokenizer.encode(text) == small.encode(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.decode([len(tokenizer) - 1])


NUMBERS = [
    "-0x1.893c760000000p-7",
    "0x1.7409a20000000p-6",
    "0x1.7d2d020000000p-7",
    "-0x1.52f1be0000000p-9",
    "-0x1.2260fa0000000p-7",
]


def test_the_same_code_makes_the_same_numbers_everywhere():
    tensor = torch.empty(5)
    fill(tensor, "transformer.wpe.weight")
    assert [value.hex() for value in tensor.tolist()] == NUMBERS
    half = torch.empty(5, dtype=torch.bfloat16)
    fill(half, "transformer.wpe.weight")
    assert torch.equal(half, tensor.to(torch.bfloat16))


def test_large_tensors_are_made_in_parts_that_join(monkeypatch):
    whole, parts = torch.empty(3, 1001), torch.empty(3, 1001)
    fill(whole, "a")
    monkeypatch.setattr(make_true_size, "CHUNK", 64)
    fill(parts, "a")
    assert torch.equal(whole, parts)


# --- Making them --------------------------------------------------------------------------------


def test_it_asks_for_the_room_and_says_what_is_missing(tmp_path, monkeypatch, capsys):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(make_true_size.shutil, "disk_usage", lambda folder: usage._replace(free=int(45.2e9)))
    assert make_true_size.main([str(tmp_path / "a")]) == 1
    said = f"45.1 GB are to be written to {tmp_path / 'a'}, and 2 GB are to stay free, but the disk has 45.2 GB"
    assert capsys.readouterr().err == f"{said}: make room, or name another folder\n"
    assert list((tmp_path / "a").iterdir()) == []
    with pytest.raises(SystemExit):
        make_true_size.main([str(tmp_path), "--scale", "0.5"])


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    (tmp_path / "astraios-7b-parallel").mkdir()
    with pytest.raises(NoRoomError, match="astraios-7b-parallel is there already: take it away"):
        make(tmp_path, HUNDREDTH)
    assert [each.name for each in tmp_path.iterdir()] == ["astraios-7b-parallel"]


def test_nothing_half_made_stays(tmp_path, monkeypatch):
    def fails(file: Path, shapes, tell) -> None:
        write_pickle(file, dict(list(shapes.items())[:1]))
        raise OSError("No space left on device")

    monkeypatch.setitem(FORMS, "astraios-7b-parallel", replace(FORMS["astraios-7b-parallel"], write=fails))
    (tmp_path / "astraios-7b-parallel.partial").mkdir()  # of a run that was killed
    with pytest.raises(OSError, match="No space left"):
        make(tmp_path, HUNDREDTH, ["astraios-7b-parallel"])
    assert list(tmp_path.iterdir()) == []


# --- From the hub to a page ---------------------------------------------------------------------

VALUES = "\n".join(f"{name} = {json.dumps(value)}" for name, value in CPU.items())
SETTINGS = f"""\
[tool.galley]
imports = ["torch", "transformers", "peft", "matplotlib.pyplot", "loading.page"]
links = ["models"]
plugins = ["plugin.corrections:Corrections", "plugin.tokens:Tokens"]
environment = {{ TOKENIZERS_PARALLELISM = "false" }}

{HOOKS}
[tool.galley.profiles.laptop]
required = true
parameters = {{ checkpoint = "models/stdlib-coder" }}

[tool.galley.profiles.7b-cpu]
patience = {PROFILES["7b-cpu"]["patience"]}
pins = {{ checkpoint = "snippets/models/catalogue.toml", peft_checkpoint = "snippets/models/catalogue.toml" }}

[tool.galley.profiles.7b-cpu.parameters]
{VALUES}
"""
PAGE = """
# %% parameters
checkpoint = "models/stdlib-coder"
peft_checkpoint = ""
device = "cpu"
dtype = "float32"

# %% load
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

import bottleneck

base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=dtype).to(device)
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
print(base.dtype, base.config.n_layer)

# %% adapt
model = PeftModel.from_pretrained(base, peft_checkpoint)
print(model.peft_config["default"].peft_type.value)

# %% ask
inputs = tokenizer("def add(a, b):", return_tensors="pt")
output = model.generate(**inputs, do_sample=False, min_new_tokens=3, max_new_tokens=3, pad_token_id=0)
print(output.shape[1] - inputs["input_ids"].shape[1], len(tokenizer.decode(output[0])) > 0)
"""


def listed(shape: Shape) -> str:
    """The guide's own catalogue, with the number of weights that files of this shape have."""
    text = (ROOT / "snippets" / "models" / "catalogue.toml").read_text(encoding="utf-8")
    there = listed_at(shape, text)
    assert "parameters = 7_327_263_232" not in there
    return there


def commit_of(folder: Path) -> dict[str, Path]:
    return {each.name: each for each in folder.iterdir()}


def a_user(hub: Hub, made: Path, shape: Shape, root: Path, home: Path) -> tuple[User, list[str]]:
    """A user of a hub with the two repositories, whose first run pins both; and what that run told."""
    hub.tokens.add(MEMBER)
    base = hub.repository(BASE, licence="bigcode-openrail-m", gated=True, members={MEMBER})
    base.commit(commit_of(made / "starcoderbase-7b"))
    hub.repository(ADAPTER, licence="bigcode-openrail-m").commit(commit_of(made / "astraios-7b-parallel"))
    folder = GuideFolder.make(root, SETTINGS)
    for module in ("loading", "plugin"):
        shutil.copytree(ROOT / "snippets" / module, folder.root / "snippets" / module)
    for file in ("bottleneck.py", *(f"{name}.py" for name in LONG)):
        shutil.copy(ROOT / "snippets" / file, folder.root / "snippets")
    small = folder.root / "snippets" / "models" / "stdlib-coder"
    shutil.copytree(ROOT / "snippets" / "models" / "stdlib-coder", small)
    folder.write("snippets/models/catalogue.toml", listed(shape))
    folder.snippet("page", PAGE)
    user = User(hub, folder, home)
    run = user.python(f"from loading.downloads import prepare\n{asked()}", HF_TOKEN=MEMBER)
    told = [line for line in run.stderr.splitlines() if line.startswith("pinned")]
    assert len(told) == 2, run.stderr
    return user, [re.sub(r": \w{12},", ":", line) for line in told]


@pytest.fixture(scope="module")
def shared(made, tmp_path_factory):
    """The hub with the files at a hundredth of the size, and its user."""
    with hub_server() as hub:
        user, told = a_user(hub, made, HUNDREDTH, tmp_path_factory.mktemp("guide"), tmp_path_factory.mktemp("home"))
        assert told == [f"pinned {BASE}: 12 files, 0.27 GB", f"pinned {ADAPTER}: 2 files, 0.04 GB"]
        yield user
        shutil.rmtree(user.home)


@pytest.fixture
def user(shared, tmp_path, monkeypatch):
    """The same with an empty cache, and with a hub that has sent nothing yet."""
    monkeypatch.setattr(shared.hub, "sent", [])
    yield User(shared.hub, shared.folder, tmp_path / "home")
    shutil.rmtree(tmp_path / "home", ignore_errors=True)


def asked(**changed: object) -> str:
    return f"prepare('7b-cpu', {CPU | changed!r})['HF_HUB_CACHE']"


def prepared(user: User, token: str = MEMBER, **changed: object) -> str:
    """The folder that pages would read, or the sentence that says why not."""
    (said,) = user.said((asked(**changed), token))
    return said


def begun(user: User) -> dict[str, int]:
    """The bytes of unfinished files in a cache, by the place of the shard."""
    store = user.home / "hub" / f"models--{BASE.replace('/', '--')}" / "blobs"
    digests = tomllib.loads(user.catalogue.read_text(encoding="utf-8"))[BASE]["files"]
    parts = {name: store / f"{digest.partition(':')[2]}.part" for name, digest in digests.items()}
    return {name: part.stat().st_size for name, part in parts.items() if part.exists()}


def test_the_pins_name_every_shard_and_the_safetensors_where_there_are_some(shared, made, monkeypatch):
    table = tomllib.loads(shared.catalogue.read_text(encoding="utf-8"))
    assert set(SHARDS) <= set(table[BASE]["files"])
    assert set(table[ADAPTER]["files"]) == {"adapter_config.json", "adapter_model.bin"}
    base = shared.hub.repositories[BASE]
    monkeypatch.setattr(base, "commits", {})
    both = commit_of(made / "starcoderbase-7b") | commit_of(made / "starcoderbase-7b-safetensors")
    base.commit(both)
    both.pop("model.safetensors.index.json")
    base.commit({name: file for name, file in both.items() if not name.endswith((".safetensors", SHARDS[2]))})
    base.commit({name: file for name, file in both.items() if not name.endswith("safetensors")} | {"model_x.bin": b"x"})
    base.commit({"config.json": b"{}"})
    ask = "sorted(ask(Model('bigcode/starcoderbase-7b', revision='unpinned', licence='bigcode-openrail-m', gated=True, "
    ask += f"pickle=tuple({SHARDS!r}))).files)"
    (nothing,) = shared.said((ask, ""))
    assert nothing == f"{BASE} has no weights among its files"
    monkeypatch.setattr(base, "commits", dict(list(base.commits.items())[:-1]))
    (lacks,) = shared.said((ask, ""))
    assert lacks.startswith(f"{BASE} has no safetensors file, and of its pickles (")
    assert ") no model_x.bin is listed. To load them, weights only, list them: pickle = [" in lacks
    monkeypatch.setattr(base, "commits", dict(list(base.commits.items())[:1]))
    (safe,) = shared.said((ask, ""))
    assert [name for name in safe if name.endswith((".bin", ".bin.index.json"))] == []
    assert [name for name in safe if name.startswith("model-")] == [
        f"model-0000{n}-of-00004.safetensors" for n in (1, 2, 3, 4)
    ]


def record(user: User, *pages: str) -> GuideFolder:
    """The guide, after one command that records pages under the profile 7b-cpu."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"HF_ENDPOINT": user.hub.endpoint, "HF_HOME": str(user.home), "HF_TOKEN": MEMBER}.items():
            patch.setenv(name, value)
        ended = user.folder.run(*pages, profiles=("7b-cpu",))
    assert ended.failures == {}, [failure.detail for failure in ended.summary.failures]
    assert not ended.summary.errors, ended.summary.errors
    return user.folder


@pytest.fixture(scope="module")
def recorded(shared):
    """The record of a page that loads both at a hundredth of the size."""
    return record(shared, "page")


@pytest.fixture(scope="module")
def shallow(tmp_path_factory):
    """The records of the long pages, with the two models as wide as at a hundredth of the size and not as deep."""
    made = tmp_path_factory.mktemp("shallow")
    make(made, SHALLOW, ["starcoderbase-7b", "astraios-7b-parallel"])
    with hub_server() as hub:
        user, _ = a_user(hub, made, SHALLOW, tmp_path_factory.mktemp("guide"), tmp_path_factory.mktemp("home"))
        yield record(user, *LONG)


def test_the_whole_recipe_ends_with_a_record(recorded):
    assert recorded.output("page", "load.stdout.txt", "7b-cpu") == "torch.bfloat16 42\n"
    assert recorded.output("page", "adapt.stdout.txt", "7b-cpu") == "BOTTLENECK\n"
    assert recorded.output("page", "ask.stdout.txt", "7b-cpu") == "3 True\n"
    line = recorded.record("page", "7b-cpu").environment.provenance
    assert re.fullmatch(
        r"StarCoderBase-7B \(revision \w{12}, 65\.\d M parameters\), "
        r"Astraios-7B-Parallel \(revision \w{12}, 8\.\d M parameters\)",
        line["model"],
    )
    stated = {each["model"]: each for each in line["loaded"] if "model" in each}
    assert set(SHARDS) <= set(stated[BASE]["files"])


@pytest.mark.parametrize("stem", LONG)
def test_the_pages_about_the_two_models_run_from_the_first_cell_to_the_last(stem, shallow):
    snippets = shallow.guide.snippets[stem]
    left_out = [cell.name for cell in snippets.cells if cell.options["about"]]
    found = shallow.record(snippets.page, "7b-cpu")
    assert [cell.name for cell in found.cells] == [cell.name for cell in snippets.cells if cell.name not in left_out]
    small = ["base-does-not-answer", "adds-beside", "sure", "answer-sorts"]
    assert left_out == (small if stem == "deep_dive" else [])
    assert "StarCoderBase-7B (revision " in found.environment.provenance["model"]


def test_no_page_loads_the_weights_a_second_time(recorded, shallow):
    """A second copy of the true size would not fit beside the first."""
    for folder, page in ((shallow, "deep-dive"), (shallow, "code-explanation"), (recorded, "page")):
        loaded = folder.record(page, "7b-cpu").environment.provenance["loaded"]
        assert [each["name"] for each in loaded if each.get("name") == BASE] == [BASE]


# --- Room ---------------------------------------------------------------------------------------


def test_disk_and_memory_are_asked_for_before_anything_is_downloaded(user):
    small = "import psutil, shutil\nfrom types import SimpleNamespace as Some\n"
    small += "CHANGE\nfrom loading.downloads import prepare\nfrom loading.catalogue import ModelError\n"
    small += f"try:\n    print({asked()})\nexcept ModelError as error:\n    print(error)\n"
    free = "shutil.disk_usage = lambda folder: Some(free=int(1.2e9))"
    said = user.python(small.replace("CHANGE", free), HF_TOKEN=MEMBER).stdout
    assert said == (
        f"0.3 GB of {BASE} and {ADAPTER} are still to be downloaded, and 1.2 GB are free below {user.home}/hub, "
        "of which 1.0 GB are to stay so. Make room, or set HF_HUB_CACHE to a folder on a larger disk\n"
    )
    free = "psutil.virtual_memory = lambda: Some(available=2.1e9, total=8e9)"
    said = user.python(small.replace("CHANGE", free), HF_TOKEN=MEMBER).stdout
    assert said == (
        f"the weights of {BASE} and {ADAPTER} take 0.2 GB in bfloat16, and a page about 2.0 GB more, "
        "but 2.1 GB of 8.0 GB are free. End other programs, or use a machine with more\n"
    )
    assert user.hub.sent == []


# --- Faults of the hub --------------------------------------------------------------------------


def test_a_closed_gate_ends_with_what_opens_it(user):
    said = prepared(user, "")
    assert said.startswith(f"{BASE} is gated (401): accept its licence, bigcode-openrail-m, at ")
    assert said.endswith("then set HF_TOKEN, or run: hf auth login")
    assert Path(prepared(user)).is_dir(), "and with the token of a member it goes on"


def test_a_truncated_shard_is_completed_by_the_next_run(user, monkeypatch):
    monkeypatch.setitem(user.hub.repositories[BASE].cut, SHARDS[1], 50_000_000)
    said = prepared(user)
    assert said.startswith(f"the download of {SHARDS[1]} of {BASE} broke off (OSError: Consistency check failed")
    assert re.search(r"Run it again: 0\.1\d of 0\.27 GB have arrived, and are kept$", said)
    assert begun(user) == {SHARDS[1]: 50_000_000}
    monkeypatch.setattr(user.hub.repositories[BASE], "cut", {})
    user.hub.sent.clear()
    assert Path(prepared(user)).is_dir()
    assert user.hub.sent == [(SHARDS[1], 50_000_000), *((name, 0) for name in (*SHARDS[2:], "adapter_model.bin"))]
    assert begun(user) == {}


def test_a_shard_with_another_digest_is_refused_before_it_is_downloaded(user, monkeypatch, tmp_path):
    base = user.hub.repositories[BASE]
    (tmp_path / "other.bin").write_bytes(b"another file")
    monkeypatch.setitem(base.commits, base.main, {**base.commits[base.main], SHARDS[0]: tmp_path / "other.bin"})
    said = prepared(user)
    assert re.match(
        rf"the hub's {SHARDS[0]} of {BASE} is not the pinned file: it says that the digest is \w+, not", said
    )
    assert said.endswith(f"Pin it again: python snippets/loading pin {BASE}")
    assert user.hub.sent == []


def test_a_shard_that_was_spoilt_on_its_way_is_refused(user):
    assert Path(prepared(user)).is_dir()
    digest = tomllib.loads(user.catalogue.read_text(encoding="utf-8"))[BASE]["files"][SHARDS[3]].partition(":")[2]
    blob = user.home / "hub" / f"models--{BASE.replace('/', '--')}" / "blobs" / digest
    blob.unlink()
    blob.with_name(f"{digest}.part").write_bytes(b"spoilt")
    said = prepared(user)
    assert re.match(
        rf"{SHARDS[3]} of {BASE} is not the pinned file: its digest is sha256:\w+, not sha256:{digest}\. ", said
    )
    (delete,) = re.findall(r"Delete (.+) and run again$", said)
    assert delete == str(blob)
    blob.unlink()
    assert Path(prepared(user)).is_dir(), "what the sentence says mends it"


def test_a_revision_that_moved_is_no_matter_and_one_that_is_gone_is_pinned_again(user, monkeypatch):
    base = user.hub.repositories[BASE]
    pinned = base.main
    monkeypatch.setattr(base, "commits", dict(base.commits))
    base.commit({**base.commits[pinned], "README.md": b"another state"})
    assert Path(prepared(user)).is_dir(), "the pinned commit is still there"
    shutil.rmtree(user.home)
    del base.commits[pinned]
    said = prepared(user)
    assert said == (
        f"the hub has no config.json at the revision {pinned[:12]} of {BASE} (404). "
        f"Pin it again: python snippets/loading pin {BASE}"
    )
    before = user.catalogue.read_text(encoding="utf-8")
    try:
        assert user.said((f"pin(['{BASE}'])", ""))[0][0].startswith(f"{BASE}: {base.main[:12]}, 12 files")
        assert Path(prepared(user)).is_dir()
    finally:
        user.catalogue.write_text(before, encoding="utf-8")


FULL = """
import errno, json
import huggingface_hub.file_download as client

real = client.http_get

class Full:
    def __init__(self, stream): self.stream = stream
    def __getattr__(self, name): return getattr(self.stream, name)
    def write(self, data):
        if self.stream.tell() + len(data) > 30_000_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.stream.write(data)

def http_get(url, stream, **options):
    return real(url, Full(stream) if "00003-of" in url else stream, **options)

client.http_get = http_get
"""


def test_a_disk_that_is_full_at_shard_three_keeps_what_arrived(user):
    code = f"{FULL}\nfrom loading.downloads import prepare\nfrom loading.catalogue import ModelError\n"
    code += f"try:\n    print({asked()})\nexcept ModelError as error:\n    print(error)\n"
    said = user.python(code, HF_TOKEN=MEMBER).stdout
    assert re.fullmatch(
        rf"the download of {SHARDS[2]} of {BASE} broke off: the disk of {re.escape(str(user.home))}/hub is full\. "
        r"Make room and run it again: 0\.[12]\d of 0\.27 GB have arrived, and are kept\n",
        said,
    )
    (have,) = begun(user).items()
    assert have[0] == SHARDS[2]
    assert have[1] <= 30_000_000
    user.hub.sent.clear()
    assert Path(prepared(user)).is_dir()
    assert user.hub.sent == [have, (SHARDS[3], 0), ("adapter_model.bin", 0)]


def test_a_download_that_is_killed_in_the_middle_goes_on_there(user, monkeypatch):
    monkeypatch.setattr(user.hub.repositories[BASE], "hold_after", 60_000_000)
    environment = {"PATH": "", "HF_ENDPOINT": user.hub.endpoint, "HF_HOME": str(user.home), "HF_TOKEN": MEMBER}
    code = f"from loading.downloads import prepare\nprint({asked()})"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=user.catalogue.parents[1], env=environment)
    try:
        for _ in range(600):
            if begun(user).get(SHARDS[0], 0) > 30_000_000:
                break
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.1)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    have = begun(user)[SHARDS[0]]
    assert have > 30_000_000
    monkeypatch.setattr(user.hub.repositories[BASE], "hold_after", None)
    user.hub.sent.clear()
    assert Path(prepared(user)).is_dir()
    assert user.hub.sent[0] == (SHARDS[0], have)
    assert begun(user) == {}
