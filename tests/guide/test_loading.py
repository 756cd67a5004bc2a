"""What stands under `from_pretrained` in a page: what it refuses, what it notes, what it states."""

from __future__ import annotations

import gc
import inspect
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import numpy
import peft
import pytest
import torch
import tqdm
import transformers
from huggingface_hub import constants
from peft import AutoPeftModelForCausalLM, PeftConfig, PeftModel
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from galley.config import find_project
from loading import loaded
from loading.catalogue import ModelError
from tiny_models import save_tiny, tiny_model

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft 0.21.2

NAME = "models/tiny"


def logits(folder: str | Path) -> torch.Tensor:
    """Base and adapter on one prompt, (1, tokens, vocabulary), with one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    base, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        model = PeftModel.from_pretrained(base, f"{folder}/adapters/lora")
    found = model(**tokenizer("def f(x): return x + 1", return_tensors="pt")).logits
    torch.set_num_threads(threads)
    return found


# What the libraries do by themselves; from the import below on they are listened to.
assert "loading.page" not in sys.modules
with tempfile.TemporaryDirectory() as _folder:
    WITHOUT = logits(save_tiny(Path(_folder)))
_threads = threading.active_count()
from loading import ahead, commands, downloads  # noqa: E402, F401
from loading import page as loading  # noqa: E402

IMPORTED = {"threads": threading.active_count() - _threads, "cuda": torch.cuda.is_initialized()}
LISTED = f'["{NAME}"]\ntitle = "tiny"\nlicence = "mit"\nstands_for = "the big one"\n'


class Context:
    """What galley tells a hook, with what the hook noted."""

    def __init__(self, root: Path, **parameters: object) -> None:
        self.page, self.profile, self.threads, self.parameters = "a-page", "laptop", 1, parameters
        self.root, self.scratch = root, root / "scratch"
        self.files: set[str] = set()
        self.tables: set[str] = set()
        self.names: dict[str, tuple[str, ...]] = {}

    def note(self, path: Path) -> None:
        self.files.add(path.relative_to(self.root.resolve() / "snippets").as_posix())

    def note_names(self, folder: Path, endings: tuple[str, ...]) -> None:
        self.names[folder.relative_to(self.root.resolve() / "snippets").as_posix()] = endings

    def note_table(self, path: Path, table: str) -> None:
        self.tables.add(table)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    gc.freeze()  # as a page's process does: what was there before is not searched again
    yield save_tiny(tmp_path_factory.mktemp("made"))
    gc.unfreeze()


@pytest.fixture
def page(tmp_path, made, monkeypatch):
    """Becomes a page: its scratch folder, its catalogue, the set-up; everything is put back afterwards."""
    shutil.copytree(made, tmp_path / "snippets" / NAME)
    for unread in ("README.md", "loss.svg"):
        (tmp_path / "snippets" / NAME / unread).write_text("For people.", encoding="utf-8")
    (tmp_path / "snippets" / "models" / "catalogue.toml").write_text(LISTED, encoding="utf-8")
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "models").symlink_to(tmp_path / "snippets" / "models")
    monkeypatch.chdir(tmp_path / "scratch")
    catalogue = loading.catalogue
    monkeypatch.setattr(loading, "catalogue", lambda: catalogue(tmp_path / "snippets/models/catalogue.toml"))
    for module, name in ((constants, "HF_HUB_OFFLINE"), (constants, "HF_HUB_CACHE"), (tqdm.tqdm, "__init__")):
        monkeypatch.setattr(module, name, getattr(module, name))
    for name in ("HF_HUB_OFFLINE", "TORCH_FORCE_WEIGHTS_ONLY_LOAD"):
        monkeypatch.setenv(name, "0")
    monkeypatch.setattr(loading, "_page", None)
    threads = torch.get_num_threads()

    def become(**parameters: object) -> Context:
        context = Context(tmp_path, **parameters)
        loading.setup(context)
        return context

    yield become
    torch.set_num_threads(threads)


OWN = ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
BASE = {f"{NAME}/{name}" for name in OWN}
LORA = {f"{NAME}/adapters/lora/{name}" for name in ("adapter_config.json", "adapter_model.safetensors")}


# --- What is noted ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("load", "files"),
    [
        (lambda: AutoTokenizer.from_pretrained(NAME), BASE),
        (lambda: AutoConfig.from_pretrained(NAME), BASE),
        (lambda: GenerationConfig.from_pretrained(NAME), BASE),
        (lambda: AutoModelForCausalLM.from_pretrained(NAME), BASE),
        (lambda: AutoModelForCausalLM.from_pretrained(Path(NAME).resolve()), BASE),
        (lambda: AutoModelForCausalLM.from_pretrained(NAME, config=tiny_model().config), BASE),
        (lambda: transformers.pipeline("text-generation", NAME), BASE),
        (lambda: PeftConfig.from_pretrained(f"{NAME}/adapters/lora"), LORA),
        (lambda: peft.load_peft_weights(f"{NAME}/adapters/lora"), LORA),
        (lambda: AutoConfig.from_pretrained(f"{NAME}/config.json"), BASE),
    ],
)
def test_a_page_depends_on_the_files_of_the_folder_that_was_resolved(load, files, page):
    context = page()
    load()
    assert context.files == files
    assert context.tables == {NAME}
    (folder,) = {each.rpartition("/")[0] for each in files}
    assert list(context.names) == [folder]
    assert "generation_config.json".endswith(context.names[folder])
    assert not "README.md".endswith(context.names[folder])


def test_a_base_and_its_adapter_are_noted_and_another_adapter_is_not(page):
    context = page()
    shutil.copytree(f"{NAME}/adapters/lora", f"{NAME}/adapters/other")
    model = AutoModelForCausalLM.from_pretrained(NAME)
    assert context.files == BASE
    model = PeftModel.from_pretrained(model, f"{NAME}/adapters/lora")
    assert context.files == BASE | LORA
    model.load_adapter(f"{NAME}/adapters/other", "other")
    assert context.files == BASE | LORA | {each.replace("lora", "other") for each in LORA}


SUBFOLDER = {f"{NAME}/small/{name.rpartition('/')[2]}" for name in BASE}


@pytest.mark.parametrize(
    ("load", "files"),
    [
        (lambda: AutoTokenizer.from_pretrained(NAME, subfolder="small"), SUBFOLDER),
        (lambda: AutoConfig.from_pretrained(NAME, subfolder="small"), SUBFOLDER),
        (lambda: AutoModelForCausalLM.from_pretrained(NAME, subfolder="small"), SUBFOLDER),
        (lambda: AutoModelForCausalLM.from_pretrained(NAME, subfolder="small", config=tiny_model().config), SUBFOLDER),
        (lambda: PeftConfig.from_pretrained(NAME, subfolder="adapters/lora"), LORA),
        (lambda: peft.load_peft_weights(NAME, subfolder="adapters/lora"), LORA),
    ],
)
def test_a_page_depends_on_the_files_of_a_subfolder(load, files, page, made):
    context = page()
    shutil.copytree(made, f"{NAME}/small", ignore=shutil.ignore_patterns("adapters"))
    load()
    assert files <= context.files


def test_what_a_page_saved_itself_loads_and_is_no_dependency(page):
    context = page()
    AutoModelForCausalLM.from_pretrained(NAME).save_pretrained("mine")
    before = set(context.files)
    AutoModelForCausalLM.from_pretrained("mine")
    assert context.files == before


# --- What is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "load", [AutoTokenizer.from_pretrained, AutoConfig.from_pretrained, AutoModelForCausalLM.from_pretrained]
)
def test_an_unlisted_model_is_refused_with_what_to_write(load, page, tmp_path):
    page()
    with pytest.raises(ModelError, match=r"'acme/x' is not in the catalogue.*\[\"acme/x\"\] with licence"):
        load("acme/x")
    shutil.copytree(NAME, tmp_path / "elsewhere")
    with pytest.raises(ModelError, match="elsewhere is not in the catalogue"):
        load(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match=f"there is no folder {NAME}/nothing in the model"):
        load(f"{NAME}/nothing")


@pytest.mark.parametrize("how", [{"filename": "config.json", "repo_id": "acme/x"}, {"repo_id": "acme/x"}])
def test_the_hubs_own_functions_are_heard_too(how, page):
    page()
    load = huggingface_hub.hf_hub_download if "filename" in how else huggingface_hub.snapshot_download
    with pytest.raises(ModelError, match="'acme/x' is not in the catalogue"):
        load(**how)


def test_an_unlisted_adapter_is_refused_and_explained_where_peft_hides_it(page):
    context = page()
    base = AutoModelForCausalLM.from_pretrained(NAME)
    with pytest.raises(ModelError, match="'acme/x' is not in the catalogue"):
        PeftModel.from_pretrained(base, "acme/x")
    for load in (PeftConfig.from_pretrained, AutoPeftModelForCausalLM.from_pretrained):
        with pytest.raises(ValueError, match=r"Can't find 'adapter_config.json' at 'acme/x'") as caught:
            load("acme/x")
        assert loading.explain(context, caught.value).startswith("the model 'acme/x' is not in the catalogue")


def test_a_listed_hub_model_that_was_not_downloaded_says_how_it_would_be(page, tmp_path):
    file = tmp_path / "snippets/models/catalogue.toml"
    pinned = f'["acme/x"]\nlicence = "mit"\nrevision = "{"0" * 40}"\nfiles = {{ "config.json" = "sha256:0" }}\n'
    file.write_text(pinned, encoding="utf-8")
    page()
    said = r"acme/x is listed but was not downloaded.*name it under \[tool.galley.profiles.laptop.parameters\]"
    with pytest.raises(ModelError, match=said):
        AutoConfig.from_pretrained("acme/x")
    file.write_text('["acme/x"]\nlicence = "mit"\nrevision = "unpinned"\n', encoding="utf-8")
    with pytest.raises(ModelError, match="acme/x has no pinned revision"):
        AutoConfig.from_pretrained("acme/x")


@pytest.mark.parametrize("load", [AutoTokenizer, AutoConfig, AutoModelForCausalLM])
def test_code_that_comes_with_a_model_is_refused(load, page, tmp_path):
    page()
    own = {load.__name__: "code.Own" if load is not AutoTokenizer else ["code.Own", None]}
    for name in ("config.json", "tokenizer_config.json"):
        file = tmp_path / "snippets" / NAME / name
        file.write_text(json.dumps({**json.loads(file.read_text()), "auto_map": own}), encoding="utf-8")
    (file.parent / "code.py").write_text("raise SystemExit('it ran')", encoding="utf-8")
    with pytest.raises(ModelError, match="trust_remote_code is refused"):
        load.from_pretrained(NAME, trust_remote_code=True)


def test_a_pickle_loads_only_where_it_is_listed(page, tmp_path):
    context, folder = page(), tmp_path / "snippets" / NAME / "adapters" / "lora"
    base, weights = AutoModelForCausalLM.from_pretrained(NAME), peft.load_peft_weights(str(folder))
    torch.save(weights, folder / "adapter_model.bin")
    (folder / "adapter_model.safetensors").unlink()
    page()
    with pytest.raises(ModelError, match=r'tiny has the pickle adapter_model.bin.*pickle = \["adapter_model.bin"\]'):
        PeftModel.from_pretrained(base, f"{NAME}/adapters/lora")
    (tmp_path / "snippets/models/catalogue.toml").write_text(LISTED + 'pickle = ["adapter_model.bin"]\n')
    context = page()
    found = peft.load_peft_weights(f"{NAME}/adapters/lora")
    assert all(torch.equal(found[key], weights[key]) for key in weights)
    assert f"{NAME}/adapters/lora/adapter_model.bin" in context.files


@pytest.mark.parametrize("where", ["shards", "shards/first"])
def test_a_pickle_further_down_is_refused_too(where, page, tmp_path):
    page()
    folder = tmp_path / "snippets" / NAME / where
    folder.mkdir(parents=True)
    torch.save({}, folder / "part.pt")
    with pytest.raises(ModelError, match=r"tiny has the pickle part\.pt"):
        AutoConfig.from_pretrained(NAME)


def test_a_pickle_that_runs_code_is_stopped_even_if_the_page_allows_it(page, tmp_path):
    page()
    torch.save(SimpleNamespace(a=1), "evil.pt")
    with pytest.raises(Exception, match="Weights only load failed"):
        torch.load("evil.pt", weights_only=False)


# --- What is stated -----------------------------------------------------------------------------


def test_the_line_under_an_output_names_the_stand_in(page):
    context = page(device="cpu", dtype="float32")
    AutoTokenizer.from_pretrained(NAME)
    count = loaded.rounded(loaded.parameters(Path(NAME)))
    line = loading.provenance(context)
    assert line["model"] == f"tiny (a stand-in for the big one, {count} parameters)"
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(NAME), f"{NAME}/adapters/lora")
    line = loading.provenance(context)
    assert line.pop("loaded")[1]["bytes"] == sum(each.nbytes for each in (*model.parameters(), *model.buffers()))
    assert line == {
        "model": f"tiny (a stand-in for the big one, {count} parameters) and its adapter lora",
        "device": "cpu, as the profile says",
        "dtype": "float32, as the profile says",
        "threads": "1 thread",
        "capability": torch.backends.cpu.get_cpu_capability(),
    }


def test_a_models_size_is_counted_without_loading_it(page):
    page()
    model = AutoModelForCausalLM.from_pretrained(NAME)
    assert loaded.parameters(Path(NAME)) == model.num_parameters()
    assert [loaded.rounded(count) for count in (7_327_263_232, 5_973_120, 32_992, 12)] == [
        "7.33 B",
        "6.0 M",
        "33 k",
        "12",
    ]


def test_dtype_and_device_come_with_their_reason(page):
    context = page()
    models = [AutoModelForCausalLM.from_pretrained(NAME)]
    line = loading.provenance(context)
    assert line["dtype"] == "float32, the checkpoint's own"
    assert line["device"] == "cpu, where from_pretrained puts it"
    models.append(AutoModelForCausalLM.from_pretrained(NAME, dtype=torch.bfloat16).to("meta"))
    line = loading.provenance(context)
    assert line["dtype"] == "float32, the checkpoint's own; bfloat16"
    assert line["device"] == "cpu, where from_pretrained puts it; meta"
    AutoModelForCausalLM.from_pretrained(Path(NAME).resolve()).save_pretrained("mine")
    AutoModelForCausalLM.from_pretrained(Path("mine").resolve())
    names = [each["name"] for each in loading.provenance(context)["loaded"][1:]]
    assert names == [NAME, NAME, NAME, "mine"]  # no path of this machine
    states = [(each["kind"], each["dtype"], each["device"]) for each in line["loaded"][1:]]
    assert states == [("GPTBigCodeForCausalLM", "float32", "cpu"), ("GPTBigCodeForCausalLM", "bfloat16", "meta")]


def test_a_model_that_is_gone_is_stated_as_it_was(page):
    context = page()
    AutoModelForCausalLM.from_pretrained(NAME, dtype=torch.bfloat16)
    assert loading.provenance(context)["dtype"] == "bfloat16"
    model = AutoModelForCausalLM.from_pretrained(NAME).to("meta")
    model.__dict__["itself"] = model  # gone, though Python would not notice at once
    del model
    assert loading.provenance(context)["device"] == "cpu, where from_pretrained puts it"
    assert loading.provenance(page()).get("dtype") is None


def test_a_profile_for_cuda_is_told_before_any_page_where_there_is_none(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ModelError, match="torch sees no CUDA device"):
        downloads.prepare("cuda", {"device": "cuda"})
    assert downloads.prepare("laptop", {"device": "cpu"}) == {}


def test_a_profile_on_cuda_fails_at_once_where_there_is_none(page, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ModelError, match="runs on CUDA, and torch sees no CUDA device"):
        page(device="cuda")


def test_out_of_memory_names_the_page_and_what_was_resident(page):
    context = page()
    error = torch.OutOfMemoryError("CUDA out of memory.")
    assert loading.explain(context, error) == "no memory left for page a-page; resident were: no models"
    model = AutoModelForCausalLM.from_pretrained(NAME)
    wrapped = RuntimeError("while generating")
    wrapped.__cause__ = error
    said = loading.explain(context, wrapped)
    assert said.endswith("resident were: GPTBigCodeForCausalLM (models/tiny, float32, 0.00 GB on cpu)")
    del model
    assert loading.explain(context, error).endswith("resident were: no models")
    assert loading.explain(context, RuntimeError("something else")) is None
    phrase = loaded.memory_phrase("cuda:0", 15 * 10**9, 60 * 10**9, 80 * 10**9)
    assert phrase == "cuda:0: this page 15.00 GB, other processes 45.00 GB, of 80.00 GB"


# --- The same start for every page --------------------------------------------------------------


def test_every_page_starts_alike(page, capfd):
    drawn = []
    for _ in range(2):
        torch.set_default_dtype(torch.float64)
        transformers.utils.logging.enable_progress_bar()
        page()
        drawn.append((random.random(), numpy.random.rand(), torch.rand(1).item(), torch.get_num_threads()))
    assert drawn[0] == drawn[1]
    assert drawn[0][3] == 1
    assert torch.get_default_dtype() is torch.float32
    assert constants.HF_HUB_OFFLINE
    assert huggingface_hub.utils.are_progress_bars_disabled()
    for _ in tqdm.tqdm([1, 2]):
        pass
    AutoModelForCausalLM.from_pretrained(NAME)
    assert capfd.readouterr().err == ""


def test_readers_find_the_libraries_own_functions(page):
    page()
    for function in (PeftModel.from_pretrained, AutoModelForCausalLM.from_pretrained, PeftConfig.from_pretrained):
        assert Path(inspect.getfile(function)).parts[-2] != "snippets"
        assert not hasattr(function.__func__, "__wrapped__") or "site-packages" in inspect.getfile(function)


def test_logits_with_and_without_it_are_bit_equal(page):
    page()
    with_it = logits(NAME)
    assert with_it.dtype == WITHOUT.dtype == torch.float32
    assert torch.equal(with_it, WITHOUT)


# --- The command --------------------------------------------------------------------------------


def test_the_command_says_how_it_is_used_and_what_is_wrong(capsys):
    assert commands.main(["pin", "acme/x"]) == 1
    assert capsys.readouterr().err.startswith("the model 'acme/x' is not in the catalogue")
    assert commands.main([]) == commands.main(["measure"]) == commands.main(["measure", *"abcd"]) == 2
    assert capsys.readouterr().err.startswith("usage: python snippets/loading pin")


def test_a_measured_page_says_its_seconds_and_its_memory(made, capsys, monkeypatch):
    class EndedError(Exception):
        pass

    def end(code: int) -> None:
        raise EndedError(code)

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(commands.os, "fork", lambda: 0)  # become the child
    monkeypatch.setattr(commands.os, "_exit", end)
    with pytest.raises(EndedError, match=r"^0$"):
        commands._page("page 1", str(made), "cpu", "bfloat16")
    said = (
        r"page 1: \d\.\d\d s, GPTBigCodeForCausalLM in torch.bfloat16, \d+\.\d\d GB resident, mapped files included\n"
    )
    assert re.fullmatch(said, capsys.readouterr().out)
    with pytest.raises(EndedError, match=r"^1$"):
        commands._page("page 1", "nowhere", "cpu", "auto")


def test_pages_are_measured_in_turn_and_then_at_once(capsys, monkeypatch):
    steps = []
    monkeypatch.setattr(
        commands, "_page", lambda name, *where, **options: steps.append(("start", name, *where)) or name
    )
    monkeypatch.setattr(commands.os, "waitpid", lambda child, _: steps.append(("end", child)))
    assert commands.main(["measure", "folder", "cuda", "bfloat16"]) == 0
    alone = [(step, each) for each in ("page 1 alone", "page 2 alone") for step in ("start", "end")]
    pages = [f"page {number}" for number in range(1, 5)]
    assert [step[:2] for step in steps] == [*alone, *(("start", p) for p in pages), *(("end", p) for p in pages)]
    assert {step[2:] for step in steps if step[0] == "start"} == {("folder", "cuda", "bfloat16")}


def test_importing_it_starts_nothing():
    assert IMPORTED == {"threads": 0, "cuda": False}


PROJECT = find_project(Path(__file__).parent)


def test_the_runner_works_out_ahead_what_the_first_model_of_a_process_needs():
    asked = "import loading.ahead, sys, transformers.conversion_mapping as table\n"
    asked += (
        "print(len(table._checkpoint_conversion_mapping_cache), *(m for m in sys.modules if 'modeling_gpt_big' in m))"
    )
    said = subprocess.run(
        [sys.executable, "-c", asked], cwd=PROJECT.snippets, capture_output=True, text=True, check=True
    )
    count, module = said.stdout.split()
    assert int(count) > 100
    assert module == "transformers.models.gpt_bigcode.modeling_gpt_bigcode"
    assert "loading.ahead" in PROJECT.imports
