"""Models from the hub, by the unmodified libraries against a hub of our own on 127.0.0.1."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors.torch import load_file

from galley.record.status import State
from galley.record.written import to_json
from guide_folder import GuideFolder
from hub_server import hub_server
from hub_user import HOOKS, User
from loading.catalogue import Model
from loading.downloads import unreachable
from tiny_models import save_tiny

SNIPPETS = Path(__file__).parents[2] / "snippets"
BASE, ADAPTER = "acme/base", "acme/adapter"
MEMBER, STRANGER = "hf_member", "hf_stranger"
LISTED = f"""\
["{BASE}"]
title = "The base"
licence = "bigcode-openrail-m"
gated = true
revision = "unpinned"

["{ADAPTER}"]
licence = "apache-2.0"
pickle = ["adapter_model.bin"]
revision = "unpinned"
"""
SETTINGS = f"""\
[tool.galley]
imports = ["torch", "transformers", "peft", "loading.page"]
timeout = 60.0
environment = {{ TOKENIZERS_PARALLELISM = "false" }}

{HOOKS}
[tool.galley.profiles.laptop]
required = true

[tool.galley.profiles.hub]
parameters = {{ checkpoint = "{BASE}", peft_checkpoint = "{ADAPTER}" }}
"""


def files_of(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    """The files of two states of a base model, and of an adapter saved as a pickle."""
    made = [files_of(save_tiny(tmp_path_factory.mktemp("made"), seed)) for seed in (0, 1)]
    lora = save_tiny(tmp_path_factory.mktemp("made")) / "adapters" / "lora"
    torch.save(load_file(lora / "adapter_model.safetensors"), lora / "adapter_model.bin")
    (lora / "adapter_model.safetensors").unlink()
    return made, files_of(lora)


@pytest.fixture(scope="module")
def shared(tmp_path_factory, contents):
    """A hub with a gated model that was pinned before it changed, and an adapter."""
    (first, second), adapter = contents
    with hub_server() as hub:
        hub.tokens |= {MEMBER, STRANGER}
        base = hub.repository(BASE, licence="bigcode-openrail-m", gated=True, members={MEMBER})
        base.commit({**first, "README.md": b"A card.", "code.py": b"print()", "pytorch_model.bin": b"a pickle"})
        hub.repository(ADAPTER).commit(adapter)
        folder = GuideFolder.make(tmp_path_factory.mktemp("guide"), SETTINGS)
        for module in ("loading", "plugin"):
            shutil.copytree(SNIPPETS / module, folder.root / "snippets" / module)
        folder.write("snippets/models/catalogue.toml", LISTED)
        user = User(hub, folder, tmp_path_factory.mktemp("home"))
        (pinned,) = user.said(("pin([])", ""))
        assert [line.partition(" files")[0][-1] for line in pinned] == ["5", "2"], pinned
        base.commit(second)
        yield user


@pytest.fixture
def user(shared, tmp_path, monkeypatch):
    """The same guide and hub with an empty cache and a log of its own."""
    monkeypatch.setattr(shared.hub, "requests", [])
    return User(shared.hub, shared.folder, tmp_path / "home")


# --- Downloads ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def downloaded(shared):
    """The folder that pages read, and the requests that brought its files."""
    shared.hub.requests.clear()
    (view,) = shared.prepare(MEMBER)
    return Path(view), list(shared.hub.requests)


def test_pages_read_the_pinned_files_and_no_others(downloaded, shared, contents):
    view, requests = downloaded
    (snapshot,) = (view / "models--acme--base" / "snapshots").iterdir()
    found = files_of(snapshot)
    assert found == {name: data for name, data in contents[0][0].items() if name in found}
    weights = ["config.json", "generation_config.json", "model.safetensors"]
    assert sorted(found) == [*weights, "tokenizer.json", "tokenizer_config.json"]
    assert (view / "models--acme--base" / "refs" / "main").read_text(encoding="utf-8") == snapshot.name
    assert snapshot.name != shared.hub.repositories[BASE].main
    asked = [path for method, path, _ in requests if method == "GET" and "/resolve/" in path]
    assert asked
    assert all(snapshot.name in path for path in asked)


def test_the_users_own_cache_keeps_its_own_idea_of_main(downloaded, shared):
    assert list((shared.home / "hub").rglob("config.json"))
    assert not list((shared.home / "hub").rglob("refs/main"))


def test_a_token_goes_to_the_hub_and_not_to_its_storage(downloaded):
    tokens = {path.split("/")[1]: token for _, path, token in downloaded[1] if "acme" in path}
    assert tokens == {"acme": MEMBER, "stored": ""}


def test_what_is_there_is_not_asked_for_again_and_a_changed_file_is_refused(downloaded, shared, tmp_path):
    view = downloaded[0]
    shared.hub.requests.clear()
    assert shared.prepare(HF_HUB_OFFLINE="1") == [str(view)]
    assert [path for _, path, _ in shared.hub.requests if "acme" in path] == []
    blob = next(each for each in view.rglob("model.safetensors") if each.is_symlink()).resolve()
    before = blob.read_bytes()
    blob.write_bytes(before[:-1] + b"\xff")
    (said,) = shared.prepare()
    blob.write_bytes(before)
    which = "model.safetensors of acme/base is not the pinned file: its digest is"
    assert re.fullmatch(rf"{which} sha256:\w+, not sha256:\w+\. Delete {re.escape(str(blob))} and run again", said)


# --- Refusals -----------------------------------------------------------------------------------


def test_a_gate_says_what_opens_it(user):
    said = user.prepare("", STRANGER, "hf_wrong")
    accept = f"accept its licence, bigcode-openrail-m, at {user.hub.endpoint}/acme/base"
    assert said == [
        f"acme/base is gated (401): {accept}, then set HF_TOKEN, or run: hf auth login",
        f"acme/base is gated (403): {accept} with the account that your token is of",
        "the hub does not know your token for acme/base (401): set HF_TOKEN, or run: hf auth login",
    ]
    assert user.prepare(HF_HUB_OFFLINE="1") == [
        "cannot get config.json of acme/base: HF_HUB_OFFLINE is set. Unset it and run again"
    ]


def test_a_model_or_a_revision_that_is_gone_says_so(user, monkeypatch):
    base = user.hub.repositories[BASE]
    monkeypatch.setattr(base, "commits", {base.main: base.commits[base.main]})
    said = r"the hub has no config.json at the revision \w{12} of acme/base \(404\)\. Pin it again: .* pin acme/base"
    assert re.fullmatch(said, user.prepare(MEMBER)[0])
    monkeypatch.delitem(user.hub.repositories, BASE)
    look = f"look at {user.hub.endpoint}/acme/base"
    assert user.prepare(MEMBER, "") == [
        f"the hub has no model acme/base (404), or hides it from you: {look}",
        "the hub wants to know who asks for acme/base (401): set HF_TOKEN, or run: hf auth login",
    ]


def test_a_hub_that_does_not_answer_says_so(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    error = LocalEntryNotFoundError("An error happened while trying to locate the file on the Hub")
    error.__cause__ = ConnectionError("[Errno 111] Connection refused")
    said = unreachable(Model("acme/base", licence="mit"), "config.json", error)
    why = f"the hub at {constants.ENDPOINT} cannot be reached ([Errno 111] Connection refused)"
    assert said == f"cannot get config.json of acme/base: {why}. Check the connection"


def test_a_token_without_the_right_says_so(user, monkeypatch):
    monkeypatch.setattr(user.hub.repositories[BASE], "forbidden", True)
    right = "give the token the right to read it, or set HF_TOKEN, or run: hf auth login"
    assert user.prepare(MEMBER) == [f"the hub forbids acme/base to your token (403): {right}"]


def test_a_broken_connection_leaves_nothing_half_done(user, monkeypatch):
    monkeypatch.setattr(user.hub.repositories[BASE], "break_after", 1000)
    (said,) = user.prepare(MEMBER)
    assert re.match(r"the download of model.safetensors of acme/base broke off \(.*Run it again: ", said)
    monkeypatch.setattr(user.hub.repositories[BASE], "break_after", None)
    user.hub.requests.clear()
    assert Path(user.prepare(MEMBER)[0]).is_dir()
    assert not [path for _, path, _ in user.hub.requests if path.endswith("/config.json")]  # it had arrived


SECRET = "hf_planted0123456789secret"
RAISED = """
import logging, time, traceback

time.sleep = lambda seconds: None  # between the tries of the hub's client
logging.basicConfig(level=logging.DEBUG)
from loading.downloads import prepare

try:
    print(prepare("hub", {"m": "acme/base"}))
except Exception:
    traceback.print_exc()
"""


@pytest.mark.parametrize("case", ["unknown", "forbidden", "gated", "gone", "broken", "cut", "elsewhere", "unreachable"])
def test_no_message_or_traceback_of_a_download_holds_the_token(case, user, monkeypatch, tmp_path):
    base, hub, variables = user.hub.repositories[BASE], user.hub, {"HF_TOKEN": SECRET}
    monkeypatch.setattr(hub, "tokens", {SECRET} if case != "unknown" else set())
    monkeypatch.setattr(base, "members", {SECRET} if case != "gated" else set())
    change = {"forbidden": ("forbidden", True), "broken": ("broken", True), "cut": ("break_after", 1000)}
    change |= {"gone": ("commits", {base.main: base.commits[base.main]})}
    with hub_server() as other:
        change |= {"elsewhere": ("elsewhere", other.endpoint)}
        if case in change:
            monkeypatch.setattr(base, *change[case])
        if case == "unreachable":
            variables["HF_ENDPOINT"] = "http://127.0.0.1:9"
        done = user.python(RAISED, **variables)
        assert SECRET not in {token for _, _, token in other.requests}
    assert "loading.catalogue.ModelError: " in done.stderr, done.stderr
    assert "Traceback" in done.stderr
    assert SECRET not in done.stdout + done.stderr
    written = [each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()]
    assert not any(SECRET.encode() in each for each in written)
    if case != "unreachable":
        assert SECRET in {token for _, _, token in hub.requests}  # it was used all the same


# --- Pins ---------------------------------------------------------------------------------------


def test_a_model_is_not_pinned_where_the_hub_says_something_else(user):
    asked = "vars(ask(Model('acme/{}', revision='unpinned', licence='{}', gated={})))"
    cases = [("base", "mit", True), ("base", "bigcode-openrail-m", False), ("base", "bigcode-openrail-m", True)]
    cases.append(("adapter", "apache-2.0", False))
    licence, gate, right, pickles = user.said(*((asked.format(*case), "") for case in cases))
    assert licence == "the hub says the licence of acme/base is bigcode-openrail-m, the catalogue says mit"
    assert gate == "the hub says acme/base is gated: write gated = true"
    assert right["revision"] == user.hub.repositories[BASE].main
    lacks = "acme/adapter has no safetensors file, and of its pickles (adapter_model.bin) none is listed."
    assert pickles == f'{lacks} To load them, weights only, list them: pickle = ["adapter_model.bin"]'


# --- A page -------------------------------------------------------------------------------------

PAGE = """
# %% parameters
checkpoint = ""
peft_checkpoint = ""

# %% load
import os

from huggingface_hub import get_token
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

base = AutoModelForCausalLM.from_pretrained(checkpoint)
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
print(f"{base.transformer.wte.weight.double().sum().item():.6f}", len(tokenizer))

# %% adapt
model = PeftModel.from_pretrained(base, peft_checkpoint)
print(model.peft_config["default"].peft_type.value)

# %% secrets
print(get_token(), {name: value for name, value in os.environ.items() if "hf_" in value})

# %% pipe
import transformers

print(type(transformers.pipeline("text-generation", checkpoint)).__name__)
"""


@pytest.fixture(scope="module")
def recorded(shared, tmp_path_factory):
    """The page's record under the profile that needs the hub, made once for the tests below."""
    shared.folder.snippet("from_hub", PAGE)
    home = tmp_path_factory.mktemp("home")  # an empty cache
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"HF_ENDPOINT": shared.hub.endpoint, "HF_HOME": str(home)}.items():
            patch.setenv(name, value)
        patch.delenv("HF_TOKEN", raising=False)
        refused = shared.folder.run("from-hub", profiles=("hub",))
        patch.setenv("HF_TOKEN", MEMBER)
        shared.hub.requests.clear()
        ended = shared.folder.run("from-hub", profiles=("hub",))
    assert ended.failures == {}, [failure.detail for failure in ended.summary.failures]
    return refused, shared


def test_no_page_runs_before_its_models_are_there(recorded):
    (error,) = recorded[0].summary.errors
    assert error.what.startswith("profile hub cannot run: acme/base is gated (401): accept its licence")
    assert recorded[0].failures == {}


def test_a_page_uses_the_pinned_revision_by_the_models_own_name(recorded, contents, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(contents[0][0]["model.safetensors"])
    pinned = load_file(tmp_path / "model.safetensors")["transformer.wte.weight"].double().sum().item()
    found = recorded[1].folder.output("from-hub", "load.stdout.txt", "hub").split()
    assert found[0] == f"{pinned:.6f}"
    assert recorded[1].folder.output("from-hub", "adapt.stdout.txt", "hub") == "LORA\n"
    assert recorded[1].folder.output("from-hub", "pipe.stdout.txt", "hub") == "TextGenerationPipeline\n"


def test_no_token_reaches_a_page_or_a_record(recorded):
    folder = recorded[1].folder
    assert folder.output("from-hub", "secrets.stdout.txt", "hub") == "None {}\n"
    written = b"".join(data for data, _ in folder.recorded().values())
    assert MEMBER.encode() not in written
    assert MEMBER in {token for _, _, token in recorded[1].hub.requests}  # it was used all the same


def test_the_record_states_and_depends_on_what_was_loaded(recorded):
    folder, record = recorded[1].folder, recorded[1].folder.record("from-hub", "hub")
    line = record.environment.provenance
    assert re.fullmatch(
        r"The base \(revision \w{12}, \d+ k parameters\), acme/adapter \(revision \w{12}\)", line["model"]
    )
    stated = {each["model"]: each for each in line["loaded"] if "model" in each}
    assert set(stated[BASE]["files"]) >= {"config.json", "model.safetensors"}
    assert re.fullmatch("[0-9a-f]{40}", stated[BASE]["revision"])
    assert re.fullmatch("sha256:[0-9a-f]{64}", stated[ADAPTER]["files"]["adapter_model.bin"])
    assert stated[BASE]["bytes"] > 100_000
    networks = [each for each in line["loaded"] if "kind" in each]
    assert {(each["name"], each["dtype"], each["device"]) for each in networks} == {(BASE, "float32", "cpu")}
    used = {f"{each.path}#{each.part}" for each in record.dependencies if each.kind == "table"}
    assert used == {f"snippets/models/catalogue.toml#{name}" for name in (BASE, ADAPTER)}
    assert "/home" not in to_json(record)  # no path of the cache
    assert folder.status("from_hub", "hub").state is State.FRESH


def test_another_pin_makes_the_record_stale(recorded):
    folder, file = recorded[1].folder, recorded[1].catalogue
    before = file.read_text(encoding="utf-8")
    file.write_text(before.replace('licence = "apache-2.0"', 'licence = "mit"'), encoding="utf-8")
    found = folder.status("from_hub", "hub")
    file.write_text(before, encoding="utf-8")
    assert found.state is State.STALE
    assert [each.what for each in found.reasons] == [
        "acme/adapter in snippets/models/catalogue.toml changed since the page used it"
    ]


# --- Revisions ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def moved(shared, tmp_path_factory):
    """What `galley update` says to somebody with a token, in a guide with the hook that asks for newest revisions."""
    folder = shared.folder.copied(tmp_path_factory.mktemp("moved"))
    settings = SETTINGS.replace("prepare =", 'revisions = "plugin.newest:revisions"\nprepare =')
    pins = 'pins = { checkpoint = "snippets/models/catalogue.toml" }\n'
    folder.write("pyproject.toml", settings + pins)

    def update(token, **variables):
        asked = {"HF_ENDPOINT": shared.hub.endpoint, "HF_HOME": str(shared.home), "HF_TOKEN": token, **variables}
        return folder.galley("update", **asked)

    return update


def test_update_names_the_models_whose_newest_revision_is_another(moved, shared):
    pinned = re.findall(r'revision = "([0-9a-f]{40})"', shared.catalogue.read_text(encoding="utf-8"))
    ended = moved(MEMBER)
    assert ended.returncode == 1, ended.stdout
    _, row = ended.stdout.splitlines()
    name, old, new, *_ = row.split()
    assert (name, old) == (BASE, pinned[0][:12])
    assert new != old
    assert re.fullmatch("[0-9a-f]{12}", new)


def test_update_says_why_the_hub_gives_no_revision(moved):
    gone = moved(MEMBER, HF_ENDPOINT="http://127.0.0.1:9")
    assert gone.returncode == 6, gone.stdout
    assert "the newest revisions of the models cannot be had: " in gone.stdout
    assert MEMBER not in gone.stdout
