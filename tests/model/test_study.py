"""The study on a tiny base: it goes on where it stopped, chooses by validation alone, and writes what pages read."""

import json
import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

import exercises
import train_adapters
from training import adapt, answers, crew, measure, study, tuned
from training.adapt import Place, Run
from training.decode import decode
from training.log import Log
from training.methods import METHODS, bottleneck_size

# peft 0.21.2 reads what transformers 5.23 renamed.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "snippets" / "models" / "stdlib-coder"
ADAPTERS = sorted(path.parent for path in BASE.glob("adapters/*/adapter_config.json"))
ASTRAIOS = ("lora", "ia3", "p-tuning", "adapter-h", "adapter-p", "parallel", "full")
PLAN = measure.Plan(k=2, sample=2, limit=2, windows=2, length=32, tokens=6)


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(BASE)


def alive() -> None:
    """Nobody asks to stop."""


def stop_after(calls: int) -> measure.Alive:
    """A check that asks to stop after so many calls."""
    left = iter(range(calls))

    def check() -> None:
        if next(left, None) is None:
            raise adapt.StoppedError

    return check


def losses(place: Place) -> list[float]:
    return [e["loss"] for e in place.log.read() if e["event"] == "step"]


# Methods, loss and answers.


def test_the_bottleneck_is_in_proportion() -> None:
    assert bottleneck_size(4096) == 256
    assert bottleneck_size(320) == 20


def test_astraios_methods_come_first() -> None:
    assert tuple(METHODS)[:7] == ASTRAIOS
    assert [name for name, method in METHODS.items() if method.astraios] == list(ASTRAIOS)


@pytest.mark.parametrize("method", METHODS)
def test_the_loss_is_that_of_the_librarys_own_forward(
    method: str, base: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    net = tuned.make(method, base, seed=0).eval()
    pairs = islice(exercises.pairs("train", 0), 3)
    ids, labels = answers.pad([answers.encode_pair(tokenizer, p.question, p.answer) for p in pairs], 0)
    with torch.no_grad(), warnings.catch_warnings():
        theirs = net(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels).loss
        ours = tuned.loss(net, ids, labels)
    assert float(ours) == pytest.approx(float(theirs), abs=1e-4)


@pytest.mark.parametrize("method", ["lora", "p-tuning", "adapter-h", "full"])
def test_greedy_answers_are_those_of_generate(method: str, base: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    net = tuned.make(method, base, seed=0).eval()
    questions = ["Why?", "How do I reverse a list of numbers in Python?", "Sort it."]
    ours = decode(net, tokenizer, questions, alive, tokens=12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT on the position ids that generate makes for a prompt method
        theirs = [answers.answer(net, tokenizer, [q], tokens=12, batch=1)[0] for q in questions]
    assert ours == theirs


@pytest.mark.parametrize("method", METHODS)
def test_every_method_answers_in_bf16_as_pages_load_it(
    method: str, base: Path, tmp_path: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    tuned.save(tuned.make(method, base, seed=0), tmp_path / "saved", tokenizer)
    net = tuned.load(method, base, tmp_path / "saved", torch.bfloat16)
    assert tuned.plain(net).dtype == torch.bfloat16
    assert len(decode(net, tokenizer, ["Why?", "Sort a list."], alive, tokens=3)) == 2


def test_drawn_answers_repeat_with_the_same_seed(base: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    net = tuned.make("ia3", base, seed=0)
    said = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        said.append(decode(net, tokenizer, ["Why?"] * 3, alive, temperature=1.0, tokens=8))
    assert said[0] == said[1] != said[2]


def test_wilson_intervals() -> None:
    low, high = measure.wilson(8, 10)
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)  # Newcombe 1998, by hand
    assert measure.wilson(0, 20)[0] == pytest.approx(0)
    assert measure.wilson(20, 20)[1] == pytest.approx(1)
    assert measure.share(8, 10)["share"] == 0.8


# One run.


@pytest.mark.parametrize("method", ["p-tuning", "lora", "full"])
def test_a_stopped_run_equals_an_uninterrupted_one(method: str, base: Path, tmp_path: Path) -> None:
    run = Run(method, steps=5, batch=2, rate=1e-3)
    whole, other = (Place(tmp_path / name, base, checkpoint_every=2, log_every=2) for name in ("whole", "other"))
    adapt.train(run, whole, alive)
    with pytest.raises(adapt.StoppedError):
        adapt.train(run, other, stop_after(3))
    assert other.checkpoint.exists()
    assert not other.saved.exists()
    adapt.train(run, other, alive)
    assert not other.checkpoint.exists()
    assert len(losses(other)) == 3
    assert losses(other) == losses(whole)
    for path in whole.saved.glob("*.safetensors"):
        assert (other.saved / path.name).read_bytes() == path.read_bytes()


def test_a_tenth_of_the_data_is_a_tenth_of_the_same_pairs() -> None:
    run = Run("lora", steps=20, batch=5, rate=1.0)
    tenth = replace(run, data="tenth")
    assert (run.distinct, tenth.distinct) == (100, 10)
    first = list(islice(run.pairs(), 10))
    drawn = list(islice(tenth.pairs(), 30))
    assert all(sorted(map(repr, drawn[i : i + 10])) == sorted(map(repr, first)) for i in (0, 10, 20))
    assert drawn[:10] != drawn[10:20]


def test_the_halves_share_no_exercise() -> None:
    seen = {d: {p.exercise for p in islice(Run("lora", 1, 1, 1.0, data=d).pairs(), 200)} for d in ("half-a", "half-b")}
    assert not seen["half-a"] & seen["half-b"]
    assert abs(len(seen["half-a"]) - len(seen["half-b"])) <= 1


# Order and choice.


@pytest.fixture
def settings(base: Path) -> study.Settings:
    return study.Settings(base, steps=4, batch=2, seeds=2, methods=("lora", "ia3"), plan=PLAN)


def found(settings: study.Settings, losses: dict[float, float | None]) -> dict[str, study.Result]:
    """Results of a search for LoRA's rate, with held-out scores that say the opposite."""
    return {
        study.searched(settings, "lora", rate).name: {"validation_loss": loss, "held_out": {"share": loss or 9}}
        for rate, loss in losses.items()
    }


def test_a_partial_study_is_useful(settings: study.Settings) -> None:
    names = [task.name for task in study.tasks(settings, {})]
    order = ["base", "lora all seed 0", "ia3 all seed 0", "lora all seed 1", "ia3 all seed 1", "lora tenth seed 0",
             "ia3 tenth seed 0", "lora half-a seed 0", "lora half-b seed 0", "combine lora"]  # fmt: skip
    assert [name for name in names if " rate " not in name] == order
    assert names[1:4] == ["lora rate 0.005", "lora rate 0.00167", "lora rate 0.015"]


def test_the_rate_is_chosen_by_validation_alone(settings: study.Settings) -> None:
    rate = METHODS["lora"].rate
    done = found(settings, {rate: 0.5, rate / 3: 0.7, rate * 3: None})
    run = next(task for task in study.tasks(settings, done) if task.name == "lora all seed 0")
    assert run.ready
    assert run.run is not None
    assert run.run.rate == rate


def test_a_search_that_ends_at_its_edge_goes_one_further(settings: study.Settings) -> None:
    rate = METHODS["lora"].rate
    done = found(settings, {rate: 0.5, rate / 3: 0.4, rate * 3: 0.6})
    assert study.searched(settings, "lora", rate / 9).name in {task.name for task in study.tasks(settings, done)}
    assert not next(task for task in study.tasks(settings, done) if task.name == "lora all seed 0").ready


def test_a_search_asks_no_held_out_question(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = exercises.pairs
    monkeypatch.setattr(exercises, "pairs", lambda split, seed: asked.append(split) or real(split, seed))
    settings = study.Settings(base, steps=4, batch=2, plan=PLAN)
    task = study.searched(settings, "ia3", 0.01)
    result = study.perform(task, Place(tmp_path, base), settings, [], alive)
    assert set(asked) == {"train", "validation"}
    assert result["validation_loss"] > 0
    assert "held_out" not in result


# The whole of it, in this process instead of workers.


class Here:
    """A worker that does its task in this process, where it is started."""

    exitcode = 0

    def __init__(self, target: Callable[..., None], args: tuple[Any, ...]) -> None:
        self.target, self.args = target, args

    def start(self) -> None:
        *arguments, _ = self.args
        self.target(*arguments, os.getppid())

    def is_alive(self) -> bool:
        return False

    def join(self) -> None:
        """Nothing to wait for."""


@pytest.fixture
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "mp", SimpleNamespace(get_context=lambda _: SimpleNamespace(Process=Here)))
    monkeypatch.setattr(crew, "PAUSE", 0)


@pytest.mark.usefixtures("_in_this_process")
def test_the_study_goes_on_with_what_is_missing(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = study.Settings(base, steps=2, batch=2, seeds=1, methods=("lora",), plan=PLAN)
    results = study.Results(tmp_path / "out" / "study.json", settings)
    seen: list[str] = []

    def call() -> bool:
        return crew.Crew(settings, tmp_path / "work", results, 1, lambda task, *_: seen.append(task.name)).run()

    real = study.perform
    monkeypatch.setattr(study, "perform", lambda task, *rest: real(task, *rest) if len(seen) < 3 else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call()
    assert len(seen) == len(results.read()) == 3
    monkeypatch.setattr(study, "perform", real)
    assert call()
    assert len(seen) == len(set(seen))
    before = results.path.read_bytes()
    assert call()
    assert results.path.read_bytes() == before
    check_schema(json.loads(before))
    ways = json.loads(before)["combined"][0]["ways"]
    assert [w["way"] for w in ways] == ["half-a", "half-b", "linear 0.5", "linear 1", "cat 1", "svd 1"]
    begun: list[str] = []
    monkeypatch.setattr(study, "perform", lambda task, *_: begun.append(task.name) or 1 / 0)
    again = crew.Crew(replace(settings, batch=3), tmp_path / "work", results, 1, lambda *_: None)
    with pytest.raises(ZeroDivisionError):
        again.run()
    assert (begun, again.done) == (["base"], {})


def test_a_call_for_some_methods_leaves_the_results_of_others(base: Path, tmp_path: Path) -> None:
    def of(*methods: str, seeds: int = 1) -> study.Results:
        return study.Results(tmp_path / "study.json", study.Settings(base, 1, 1, seeds, methods))

    def planned() -> tuple[list[str], int]:
        about = json.loads((tmp_path / "study.json").read_text(encoding="utf-8"))["about"]
        return about["methods"], about["seeds"]

    results = of("lora", "ia3", seeds=3)
    one, other = ({name: {"name": name, "kind": "train"}} for name in ("lora all seed 0", "ia3 all seed 0"))
    results.write(one, {"steps": 1})
    of("dora").write(other, {"steps": 1})
    assert set(results.read()) == {*one, *other}
    assert planned() == (["lora", "ia3", "dora"], 3)
    of("lora").write(one, {"steps": 2})
    assert set(results.read()) == {*one}
    assert planned() == (["lora"], 1)


def check_schema(content: dict) -> None:
    """What a page may count on."""
    assert content["format"] == study.FORMAT
    assert {"base", "data", "steps", "batch", "judging", "search_steps", "chosen_by"} <= set(content["about"])
    assert {run["method"] for run in content["runs"]} <= set(content["about"]["methods"])
    assert {run["seed"] for run in content["runs"]} <= set(range(content["about"]["seeds"]))
    for run in content["runs"]:
        assert {"method", "data", "seed", "rate", "steps", "pairs", "trainable", "parameters", "seconds", "peak_mib",
                "bytes", "curve", "machine", "date", "key"} <= set(run)  # fmt: skip
        assert 0 < run["trainable"] <= run["parameters"]
        assert run["curve"][-1][0] == run["steps"]
        assert len(run["curve"]) <= 40
    for judged in [*content["runs"], content["base"]]:
        assert set(judged["code_loss"]) == {"stdlib", "functions"}
        assert isinstance(judged["demo"]["sorts"], bool)
        for name in ("held_out", "held_out_exercises", "pass_at_k"):
            score = judged[name]
            assert 0 <= score["low"] <= score["share"] <= score["high"] <= 1
            assert score["passed"] <= score["asked"]


def test_two_calls_do_not_work_in_one_folder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with crew.locked(path), pytest.raises(crew.BusyError, match="in use"), crew.locked(path):
        raise AssertionError
    with crew.locked(path) as free:
        assert free is None


def test_an_orphan_stops() -> None:
    with crew.Stop() as stop:
        with pytest.raises(adapt.StoppedError):
            crew.watch(stop, parent=-1)()
        crew.watch(stop)()
        stop.asked = True
        with pytest.raises(adapt.StoppedError):
            crew.watch(stop)()


def test_a_curve_is_thinned_to_means() -> None:
    assert study.thinned([(1, 4.0), (2, 2.0), (3, 1.0)], most=2) == [(2, 3.0), (3, 1.0)]


# The command's --check.


def test_check_compares_with_the_kept_curve(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(tmp_path / "run", base)
    adapt.train(Run("ia3", steps=20, batch=2, rate=1e-2), place, alive)
    kept = tmp_path / "adapters" / "ia3"
    kept.mkdir(parents=True)
    log = kept / "training.jsonl"
    log.write_text(place.log.path.read_text())
    command = ["train_adapters.py", "--check", "--method", "ia3", "--base", str(base), "--out", str(kept.parent)]
    monkeypatch.setattr("sys.argv", [*command, "--check-steps", "10"])
    a = train_adapters.parse()
    assert a.action(a)
    first = losses(place)[0]
    log.write_text(log.read_text().replace(f'"loss": {first}', f'"loss": {first + 0.1}'))
    assert not a.action(a)
    log.write_text(log.read_text().replace(adapt.digest(base), "another"))
    with pytest.raises(ValueError, match="no log of a run on this base"):
        a.action(a)


# What is committed.


def test_there_are_adapters() -> None:
    assert ADAPTERS


@pytest.mark.parametrize("folder", ADAPTERS, ids=lambda path: path.name)
def test_every_committed_adapter_loads_and_answers(folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    assert folder.name in METHODS
    net = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(BASE), folder).eval()
    assert type(net.active_peft_config) is type(METHODS[folder.name].config(net.config.n_embd))
    said = decode(net, tokenizer, [answers.DEMO], alive)[0]
    assert said.startswith("\ndef ")
    with net.disable_adapter():
        assert answers.answer(net, tokenizer, [answers.DEMO], tokens=20)[0] != said[:20]


@pytest.mark.skipif(not (BASE / "adapters" / "study.json").exists(), reason="the study has not been run yet")
def test_the_committed_results_are_what_pages_read() -> None:
    content = json.loads((BASE / "adapters" / "study.json").read_text(encoding="utf-8"))
    check_schema(content)
    assert content["about"]["base"] == adapt.digest(BASE)


def test_the_second_group_goes_on_last(base: Path) -> None:
    names = [task.name for task in study.tasks(study.Settings(base, steps=4, batch=1), {})]
    first, seeds, tenth = "dora all seed 0", "ia3 all seed 1", "ia3 tenth seed 0"
    order = [first, seeds, tenth, "combine lora", "dora all seed 1", "dora tenth seed 0"]
    assert sorted(order, key=names.index) == order


def test_an_adapter_that_was_trained_for_longer_on_the_same_base_stays(base: Path, tmp_path: Path) -> None:
    run = Run("lora", steps=4, batch=1, rate=1e-3)
    assert not train_adapters.longer(tmp_path, run, base)
    for steps, on, stays in ((4, adapt.digest(base), False), (5, adapt.digest(base), True), (5, "another", False)):
        Log(tmp_path / "training.jsonl").write("start", steps=steps, base=on)
        assert train_adapters.longer(tmp_path, run, base) is stays


def test_the_base_s_verdict_is_taken_from_a_study_of_the_same_questions_alone(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["train_adapters.py", "--base", str(base), "--out", str(tmp_path), "--limit", "2"])
    asked = train_adapters.parse()
    assert train_adapters.base_result(asked) is None
    settings = train_adapters.settings_of(asked)
    found = {"base": {"name": "base", "kind": "base"}}
    study.Results(tmp_path / "study.json", settings).write(found, settings.facts())
    assert train_adapters.base_result(asked) == found["base"]
    asked.limit = 3
    assert train_adapters.base_result(asked) is None
