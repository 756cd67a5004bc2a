"""Models that would run code: each file of the kinds that the libraries read, with a payload that leaves a canary.

Each case says what is refused and in which words, or what is read without harm. The canary shows that nothing ran.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import re
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
import tqdm
from huggingface_hub import constants
from jinja2.exceptions import SecurityError
from peft import PeftConfig, PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from loading import page as loading
from loading.catalogue import ModelError
from tiny_models import save_tiny

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft 0.21.2

NAME = "models/tiny"
LORA = f"{NAME}/adapters/lora"
LISTED = f'["{NAME}"]\nlicence = "mit"\n'


class Payload:
    """Runs a command when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.canary}",)


class Context:
    """What the hook `setup` is told."""

    page, profile, threads = "a-page", "laptop", 1

    def __init__(self, root: Path) -> None:
        self.root, self.scratch, self.parameters = root, root / "scratch", {}

    def note(self, path: Path) -> None: ...

    def note_names(self, folder: Path, endings: tuple[str, ...]) -> None: ...

    def note_table(self, path: Path, table: str) -> None: ...


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    gc.freeze()
    yield save_tiny(tmp_path_factory.mktemp("made"))
    gc.unfreeze()


@pytest.fixture
def canary(tmp_path):
    """A file that only a payload makes; a test that ends with it has failed."""
    file = tmp_path / "canary"
    yield file
    assert not file.exists(), "the payload ran"


@pytest.fixture
def page(tmp_path, made, monkeypatch):
    """A page with a catalogue that lists one model; the answer starts it with a list of allowed pickles."""
    shutil.copytree(made, tmp_path / "snippets" / NAME)
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "models").symlink_to(tmp_path / "snippets" / "models")
    monkeypatch.chdir(tmp_path / "scratch")
    catalogue, listed = loading.catalogue, tmp_path / "snippets/models/catalogue.toml"
    monkeypatch.setattr(loading, "catalogue", lambda: catalogue(listed))
    for module, name in ((constants, "HF_HUB_OFFLINE"), (constants, "HF_HUB_CACHE"), (tqdm.tqdm, "__init__")):
        monkeypatch.setattr(module, name, getattr(module, name))
    for name in ("HF_HUB_OFFLINE", "TORCH_FORCE_WEIGHTS_ONLY_LOAD"):
        monkeypatch.setenv(name, "0")
    monkeypatch.setattr(loading, "_page", None)
    threads = torch.get_num_threads()

    def become(*pickles: str) -> Path:
        listed.write_text(f"{LISTED}pickle = {json.dumps(pickles)}\n", encoding="utf-8")
        loading.setup(Context(tmp_path))
        return tmp_path / "snippets" / NAME

    yield become
    torch.set_num_threads(threads)


def test_the_payload_runs_where_nothing_stops_it(tmp_path):
    pickle.loads(pickle.dumps(Payload(tmp_path / "canary")))
    assert (tmp_path / "canary").exists()


# --- Pickles ------------------------------------------------------------------------------------


def bare(file: Path, canary: Path) -> None:
    file.write_bytes(pickle.dumps(Payload(canary)))


def zipped(file: Path, canary: Path) -> None:
    torch.save({"weight": Payload(canary)}, file)


FORMS = pytest.mark.parametrize("write", [bare, zipped])
PICKLES = ["pytorch_model.bin", "optimizer.pt", "training_args.bin", "scheduler.pt", "tokenizer.pkl", "rng_state.pth"]


@FORMS
@pytest.mark.parametrize("name", PICKLES)
def test_a_pickle_beside_a_model_is_refused_before_it_is_opened(name, write, page, canary):
    folder = page()
    write(folder / name, canary)
    with pytest.raises(ModelError, match=rf"tiny has the pickle {name}, which may run code: save it as safetensors"):
        AutoModelForCausalLM.from_pretrained(NAME)


@FORMS
def test_a_listed_pickle_of_a_model_gives_weights_or_fails(write, page, canary):
    folder = page("pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    write(folder / "pytorch_model.bin", canary)
    with pytest.raises(Exception, match=r"[Ww]eights.only|Unsupported|unpickl|Unable to load"):
        AutoModelForCausalLM.from_pretrained(NAME)


@FORMS
def test_a_listed_pickle_of_an_adapter_gives_weights_or_fails(write, page, canary):
    folder = page("adapter_model.bin") / "adapters" / "lora"
    base = AutoModelForCausalLM.from_pretrained(NAME)
    (folder / "adapter_model.safetensors").unlink()
    write(folder / "adapter_model.bin", canary)
    with pytest.raises(Exception, match=r"[Ww]eights.only"):
        PeftModel.from_pretrained(base, LORA)


@FORMS
@pytest.mark.parametrize("name", ["model.safetensors", "adapters/lora/adapter_model.safetensors"])
def test_a_pickle_that_is_called_safetensors_is_no_safetensors_file(name, write, page, canary):
    folder = page()
    write(folder / name, canary)
    with pytest.raises(Exception, match=r"[Hh]eader|safetensors"):
        PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(NAME), LORA)


def test_an_index_that_leads_to_a_pickle_is_refused(page, canary):
    folder = page()
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    bare(folder / "part.bin", canary)
    index = {"metadata": {}, "weight_map": dict.fromkeys(weights, "part.bin")}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(ModelError, match=r"tiny has the pickle part\.bin"):
        AutoModelForCausalLM.from_pretrained(NAME)


def test_a_pickle_that_an_index_names_outside_of_the_folder_gives_weights_or_fails(page, canary, tmp_path):
    folder = page()
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    bare(tmp_path / "outside.bin", canary)
    index = {"metadata": {}, "weight_map": dict.fromkeys(weights, "../../../outside.bin")}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(Exception, match="weights_only"):
        AutoModelForCausalLM.from_pretrained(NAME)


# --- Code that a setting names ------------------------------------------------------------------

SETTINGS = [
    ("config.json", {"auto_map": {"AutoConfig": "code.Own", "AutoModelForCausalLM": "code.Own"}}, AutoConfig, NAME),
    ("config.json", {"auto_map": {"AutoModelForCausalLM": "code.Own"}}, AutoModelForCausalLM, NAME),
    ("config.json", {"auto_map": {"AutoConfig": "acme/x--code.Own"}, "model_type": "own"}, AutoConfig, NAME),
    ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["code.Own", "code.Own"]}}, AutoTokenizer, NAME),
    ("generation_config.json", {"custom_generate": "code", "auto_map": {"x": "code.Own"}}, GenerationConfig, NAME),
    ("adapter_config.json", {"auto_mapping": {"base_model_class": "Own", "parent_library": "code"}}, PeftConfig, LORA),
    ("adapter_config.json", {"auto_map": {"PeftConfig": "code.Own"}, "peft_type": "LORA"}, PeftConfig, LORA),
]


def change(file: Path, settings: dict[str, object]) -> None:
    """Write settings over those of a model's file."""
    file.write_text(json.dumps({**json.loads(file.read_text()), **settings}), encoding="utf-8")


def outcome(load, folder, options) -> str:
    """What a load says, or that it loaded."""
    try:
        load.from_pretrained(folder, **options)
    except (ModelError, ValueError) as error:
        return str(error).replace("\n", " ")
    return "loaded"


@pytest.mark.filterwarnings("ignore:Unexpected keyword arguments:UserWarning")  # what PEFT does not know, it leaves out
@pytest.mark.parametrize("trust", [None, True])
@pytest.mark.parametrize(("name", "settings", "load", "folder"), SETTINGS)
def test_a_setting_that_names_code_runs_none(name, settings, load, folder, trust, page, canary, monkeypatch):
    page()
    change(Path(folder, name), settings)
    code = f"import pathlib\npathlib.Path({str(canary)!r}).touch()\nclass Own: pass\n"
    for place in (Path(folder), Path.cwd()):
        (place / "code.py").write_text(code, encoding="utf-8")
    (Path(folder) / "custom_generate").mkdir()
    (Path(folder) / "custom_generate" / "generate.py").write_text(f"{code}def generate(*a, **k): pass\n")
    monkeypatch.setattr("builtins.input", lambda *_: "y")  # who would agree if asked
    options = {} if trust is None or load is PeftConfig else {"trust_remote_code": trust}
    assert re.match(
        "trust_remote_code is refused|.* trust_remote_code=True|.*model type|loaded", outcome(load, folder, options)
    )


def test_a_models_own_generate_is_refused(page, canary):
    folder = page()
    (folder / "custom_generate").mkdir()
    (folder / "custom_generate" / "generate.py").write_text(
        f"open({str(canary)!r}, 'w')\ndef generate(*a, **k): pass\n"
    )
    model = AutoModelForCausalLM.from_pretrained(NAME)
    with pytest.raises(ModelError, match="trust_remote_code is refused"):
        model.generate(torch.tensor([[1]]), custom_generate=NAME, trust_remote_code=True, max_new_tokens=1)
    with pytest.raises((ModelError, ValueError), match=r"trust_remote_code|custom"):
        model.generate(torch.tensor([[1]]), custom_generate=NAME, max_new_tokens=1)


# --- A chat template ----------------------------------------------------------------------------

ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cycler.__init__.__globals__.os.system('touch CANARY') }}",
    "{{ raise_exception.__globals__['__builtins__']['open']('CANARY', 'w') }}",
    "{{ ('{0.__class__.__init__.__globals__}').format(messages) }}",
    "{{ (messages|attr('__class__')).__base__.__subclasses__() }}",
]


@pytest.mark.parametrize("template", ESCAPES)
@pytest.mark.parametrize("where", ["tokenizer_config.json", "chat_template.jinja"])
def test_a_chat_template_reaches_nothing_outside_of_its_sandbox(template, where, page, canary):
    folder = page()
    text = template.replace("CANARY", str(canary))
    if where.endswith(".jinja"):
        (folder / where).write_text(text, encoding="utf-8")
    else:
        change(folder / where, {"chat_template": text})
    tokenizer = AutoTokenizer.from_pretrained(NAME)
    with pytest.raises((SecurityError, Exception), match=r"unsafe|undefined|not safe"):
        tokenizer.apply_chat_template([{"role": "user", "content": "?"}], tokenize=False)


# --- Names and links that lead out of the folder ------------------------------------------------


@pytest.mark.parametrize("name", ["model.safetensors", "vocab.txt", "merges.txt"])
def test_a_pickle_behind_a_link_with_another_name_runs_nothing(name, page, canary, tmp_path):
    folder = page()
    bare(tmp_path / "elsewhere.bin", canary)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(tmp_path / "elsewhere.bin")
    AutoTokenizer.from_pretrained(NAME)  # reads tokenizer.json
    if name == "model.safetensors":
        with pytest.raises(Exception, match=r"[Hh]eader|safetensors"):
            AutoModelForCausalLM.from_pretrained(NAME)


def test_metadata_of_safetensors_is_text(page, canary):
    folder = page()
    weights = load_file(folder / "model.safetensors")
    save_file(
        weights, folder / "model.safetensors", {"format": "pt", "code": f"__import__('os').system('touch {canary}')"}
    )
    AutoModelForCausalLM.from_pretrained(NAME)


def test_a_zip_is_no_model(page, canary):
    folder = page()
    with zipfile.ZipFile(folder / "model.safetensors", "w") as archive:
        archive.writestr("__main__.py", f"open({str(canary)!r}, 'w')")
        archive.writestr("archive/data.pkl", pickle.dumps(Payload(canary)))
    with pytest.raises(Exception, match=r"[Hh]eader|safetensors"):
        AutoModelForCausalLM.from_pretrained(NAME)
