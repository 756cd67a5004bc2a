"""The trainers' parts on tiny inputs, and what they committed under snippets/models/stdlib-coder."""

import json
import random
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import PeftModel, get_peft_model
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer, GPTBigCodeForCausalLM, PreTrainedTokenizerBase

import exercises
import train_base
from judge import judge
from training import answers, card, corpora, curve, data, model, muon, tokens, turns
from training.log import Log
from training.methods import METHODS
from training.schedule import Mix, finished_from, planned

# peft 0.21.2 reads what transformers 5.23 renamed.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "snippets" / "models" / "stdlib-coder"
LORA = BASE / "adapters" / "lora"
CODE = "def double(x):\n    return x + x  # twice {}\n"


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    """A tokenizer of 400 tokens."""
    return tokens.train_tokenizer((CODE.format(n) for n in range(50)), vocabulary=400)


@pytest.fixture
def run_folder(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> Path:
    """A prepared run of tiny corpora."""
    folder = tmp_path / "run"
    tokenizer.save_pretrained(folder / "tokenizer")
    for name in ("stdlib-train", "stdlib-validation", "functions-train"):
        corpora.make_corpus(folder, name, (CODE.format(n) for n in range(80)), Log(folder / "data.jsonl"))
    Log(folder / "data.jsonl").write("tokenizer", vocabulary=400, seconds=0.1)
    return folder


# Data.


def write_library(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_documents_leave_out_questions_tables_and_site_packages(tmp_path: Path) -> None:
    body = "value = 1\n" * 40
    write_library(
        tmp_path,
        good=body,
        asks=body + '"""Question: why?"""\n',
        answers=body + "# Answer: because\n",
        table=body + "decoding_table = ()\n",
        foreign="s = '" + "ж" * 300 + "'\n",
    )
    write_library(tmp_path / "site-packages", other=body)
    assert [d.name for d in data.stdlib_documents(tmp_path)] == ["good.py"]


@pytest.mark.parametrize("text", ["Question: how?", "x = 1\n# Answer: so", "'Answer :'"])
def test_no_question_or_answer_is_ever_encoded(text: str, tokenizer: PreTrainedTokenizerBase) -> None:
    with pytest.raises(ValueError, match="Question: or Answer:"):
        data.encode_corpus(tokenizer, ["fine = 1\n", text])


def test_generated_functions_hold_no_question() -> None:
    assert all(data.is_clean(text) for text in islice(exercises.functions("train", 0), 300))


def test_corpus_closes_each_document(tokenizer: PreTrainedTokenizerBase) -> None:
    corpus = data.encode_corpus(tokenizer, ["a = 1\n", "b = 2\n"])
    assert corpus.documents == 2
    assert corpus.ids.dtype == np.uint16
    assert tokenizer.decode(corpus.ids.tolist()) == "a = 1\n<|endoftext|>b = 2\n<|endoftext|>"


@pytest.mark.parametrize("suffix_first", [False, True])
def test_fim_inverts(suffix_first: bool) -> None:
    rng = random.Random(0)
    for _ in range(50):
        low, high = sorted(rng.choices(range(len(CODE) + 1), k=2))
        moved = data.fim(CODE, (low, high), suffix_first)
        assert data.undo_fim(moved) == CODE
        assert moved.startswith("<fim_prefix>")
        assert moved.endswith(CODE[low:high])


def test_rows_rearrange_some_documents_and_lose_no_text(run_folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    rows = corpora.load_rows(run_folder, length=120, seed=0)
    batch = rows.batch(0, 40, functions_share=0.5)
    assert batch.shape == (40, 120)
    assert batch.dtype == np.int64
    middle = tokenizer.convert_tokens_to_ids("<fim_middle>")
    assert 0 < (batch == middle).sum() < 0.6 * (batch == 0).sum()
    whole = [piece for row in batch for piece in tokenizer.decode(row).split("<|endoftext|>")[1:-1] if piece]
    assert {data.undo_fim(p) if "<fim_middle>" in p else p for p in whole} <= {CODE.format(n) for n in range(80)}


def test_a_row_depends_on_seed_and_index_alone(run_folder: Path) -> None:
    rows = corpora.load_rows(run_folder, length=32, seed=0)
    assert np.array_equal(rows.batch(3, 4, 0.5)[1], rows.row(4, 0.5))
    assert not np.array_equal(rows.row(4, 0.5), replace(rows, seed=1).row(4, 0.5))


# Schedule, mix, log, shape.


def test_schedule_warms_up_stays_and_decays() -> None:
    schedule = planned(peak=1.0, warmup=4, steps=20, decay=0.25)
    rates = [schedule.rate(step) for step in range(schedule.steps)]
    assert rates[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert rates[14] == 1.0
    assert rates[15:] == pytest.approx([0.8, 0.6, 0.4, 0.2, 0.01])


def test_finishing_a_run_equals_having_planned_it() -> None:
    finished = finished_from(peak=1.0, warmup=4, step=80, decay=0.2)
    assert finished == planned(peak=1.0, warmup=4, steps=finished.steps, decay=0.2)


def test_mix_by_step() -> None:
    mix = Mix.parse(["100:0.5", "0:0"])
    assert [mix.share(step) for step in (0, 99, 100, 500)] == [0, 0, 0.5, 0.5]
    assert mix.has_functions
    assert not Mix().has_functions


@pytest.mark.parametrize("words", [[], ["5:0.5"], ["0:1.5"], ["half"]])
def test_mix_refuses_nonsense(words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"mix|unpack|invalid"):
        Mix.parse(words)


def test_log_forgets_what_a_resumed_run_does_again(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.jsonl")
    for step in (0, 10, 20):
        log.write("step", step=step)
    log.rewind(10)
    assert [event["step"] for event in log.read()] == [0, 10]


@pytest.mark.parametrize("depth", [2, 4, 7])
def test_shape_fills_the_limit(depth: int) -> None:
    config = model.config(depth)
    with torch.device("meta"):
        count = sum(p.numel() for p in GPTBigCodeForCausalLM(config).parameters())
    assert count == model.parameters(depth, config.n_embd, config.n_inner, config.vocab_size, config.n_positions)
    assert 0.97 * model.LIMIT_BYTES < 2 * count < model.LIMIT_BYTES


def test_curve_is_drawn() -> None:
    drawn = curve.curve({"training": [(1, 4.0), (10, 2.0)]})
    assert drawn.count("<polyline") == 1
    assert "NaN" not in drawn


# Training.


def plan_of(folder: Path, steps: int) -> train_base.Plan:
    out = folder / "out"
    return train_base.Plan(folder, steps, Mix(((0, 0.5),)), finish=False, out=out, checkpoint_every=2, log_every=1)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> train_base.Settings:
    """Settings of a model that trains in a moment."""
    monkeypatch.setattr(model, "LIMIT_BYTES", 2 * 150_000 + model.HEADER_BYTES)
    return train_base.Settings(depth=1, batch=2, rate=1e-3, decay=0.5, seed=0, workers=1, length=32, warmup=2)


def losses(folder: Path) -> list[float]:
    return [e["loss"] for e in card.of_kind(Log(folder / "log.jsonl").read(), "step")]


def test_a_resumed_run_equals_an_uninterrupted_one(
    run_folder: Path, tiny: train_base.Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = run_folder.rename(tmp_path / "interrupted")
    run_folder = tmp_path / "whole"
    copy_prepared(other, run_folder)
    train_base.train(0, 1, tiny, plan_of(run_folder, 6))
    interrupt_after(3, monkeypatch)
    with pytest.raises(InterruptedError):
        train_base.train(0, 1, tiny, plan_of(other, 6))
    monkeypatch.undo()
    monkeypatch.setattr(model, "LIMIT_BYTES", 2 * 150_000 + model.HEADER_BYTES)
    train_base.train(0, 1, tiny, plan_of(other, 6))
    assert len(losses(other)) == 6
    assert losses(other) == losses(run_folder)
    name = Path("out") / "model.safetensors"
    assert (other / name).read_bytes() == (run_folder / name).read_bytes()


def copy_prepared(source: Path, target: Path) -> None:
    target.mkdir()
    (target / "tokenizer").mkdir()
    for path in [*source.glob("*.npy"), *source.glob("*.jsonl"), *source.glob("tokenizer/*")]:
        (target / path.relative_to(source)).write_bytes(path.read_bytes())


def interrupt_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real, done = train_base.train_step, []

    def step(*arguments: object) -> tuple[float, float]:
        if len(done) == steps:
            raise InterruptedError
        done.append(1)
        return real(*arguments)

    monkeypatch.setattr(train_base, "train_step", step)


def test_a_decay_that_was_begun_goes_on_as_it_was_begun(run_folder: Path, tiny: train_base.Settings) -> None:
    plan = replace(plan_of(run_folder, train_base.FOREVER), finish=True)
    begun = train_base.choose_schedule(tiny, plan, step=10)
    plan.log.write("finish", step=10, steps=begun.steps)
    assert begun.steps == 20
    assert train_base.choose_schedule(tiny, plan, step=15) == begun


def test_a_finished_run_goes_on_at_the_full_rate_and_decays_anew(run_folder: Path, tiny: train_base.Settings) -> None:
    plan = plan_of(run_folder, train_base.FOREVER)
    plan.log.write("finish", step=10, steps=20)
    assert train_base.choose_schedule(tiny, replace(plan, go_on=True), step=20).rate(20) == tiny.rate
    plan.log.write("go on", step=20)
    assert train_base.choose_schedule(tiny, plan, step=25).rate(25) == tiny.rate
    assert train_base.choose_schedule(tiny, replace(plan, finish=True), step=30).steps == 60
    plan.log.write("finish", step=30, steps=60)
    assert train_base.choose_schedule(tiny, plan, step=40).steps == 60


def test_a_turn_is_noted_once(run_folder: Path, tiny: train_base.Settings) -> None:
    plan = plan_of(run_folder, 1)
    for turn, step in ((replace(plan, finish=True), 10), (replace(plan, go_on=True), 20)):
        for at in (step, step + 3):
            state = train_base.State(train_base.fresh_state(tiny, 64).net, (), step=at)
            train_base.open_log(tiny, turn, train_base.choose_schedule(tiny, turn, at), state)
    events = Log(run_folder / "log.jsonl").read()
    turns = [(e["event"], e["step"]) for e in events if e["event"] in ("finish", "go on")]
    assert turns == [("finish", 10), ("go on", 20)]


def run_log(*starts: tuple[int, int, int], last: int = 40) -> list[dict[str, object]]:
    told = [
        {"event": "start", "step": step, "falls": falls, "steps": steps, "rate": 2e-3} for step, falls, steps in starts
    ]
    return [*told, {"event": "step", "step": last}]


FAR = 1_000_000
LOGS = [
    (run_log((0, 20, 40)), [(0, 20, 40)]),
    (run_log((0, 20, 40), (10, 20, 40), (30, 20, 40)), [(0, 20, 40)]),  # resumed
    (run_log((0, FAR, FAR), (10, 10, 40)), [(0, 10, 40)]),  # finished
    (run_log((0, 20, 40), (10, 30, 40)), [(0, 30, 40)]),  # its end chosen anew before the fall
    (run_log((0, FAR, FAR), (10, 10, 40), (15, 10, 40)), [(0, 10, 40)]),
    (run_log((0, FAR, FAR), (10, 10, 20), (20, FAR, FAR), (30, 30, 40)), [(0, 10, 20), (20, 30, 40)]),
    (run_log((0, 10, 20), (20, 25, 30), (30, 30, 40)), [(0, 10, 20), (20, 25, 30), (30, 30, 40)]),
    (run_log((0, 10, 20), (20, 20, 40)), [(0, 10, 20), (20, 20, 40)]),  # made longer
    (run_log((0, 20, 40), (40, 60, 80)), [(0, 20, 40)]),  # a turn of no step
    (run_log((0, FAR, FAR)), [(0, 40, 40)]),  # stopped before the fall
]


@pytest.mark.parametrize(("log", "said"), LOGS)
def test_the_card_tells_each_turn_of_a_run(log: list[dict[str, object]], said: list[tuple[int, int, int]]) -> None:
    found = turns.turns(log)
    assert [(turn.first, turn.fall, turn.last) for turn in found] == said
    assert card.turns_in_words(found).count("\n| ") == (len(said) + 1 if len(said) > 1 else 0)


def test_the_card_s_commands_train_the_turns_that_it_tells_of(
    run_folder: Path, tiny: train_base.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [turns.Turn(0, 8, 10, 2e-3), turns.Turn(10, 10, 20, 1e-3), turns.Turn(20, 25, 30, 7e-4)]
    plan = plan_of(run_folder, 1)
    for turn in told:
        start = {**vars(tiny), "mix": [(0, 0.75), (turn.last, 0.1)]}
        monkeypatch.setattr(sys, "argv", turn.command(start).split()[1:])
        asked = train_base.parse()
        assert asked.mix == ["0:0.75"]
        assert (asked.run, asked.batch, asked.depth) == ("again", tiny.batch, tiny.depth)
        call = replace(tiny, rate=asked.rate, decay=asked.decay)
        goes = replace(plan, steps=asked.steps, go_on=asked.go_on)
        state = train_base.State(train_base.fresh_state(tiny, 64).net, (), step=turn.first)
        train_base.open_log(call, goes, train_base.choose_schedule(call, goes, turn.first), state)
    plan.log.write("step", step=told[-1].last)
    assert turns.turns(plan.log.read()) == told


def test_muon_steps_are_orthogonal_and_of_the_stated_size() -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(muon.orthogonal(torch.randn(48, 16)))
    assert values.min() > 0.5
    assert values.max() < 1.3
    weight = torch.nn.Parameter(torch.zeros(48, 16))
    weight.grad = torch.randn(48, 16)
    muon.Muon([weight], lr=1e-2, weight_decay=0.1).step()
    assert weight.detach().square().mean().sqrt().item() == pytest.approx(0.2e-2, rel=0.25)


def test_pairs_of_like_length_share_a_batch_and_none_is_lost() -> None:
    drawn = list(islice(exercises.pairs("train", 0), 64))
    dealt = list(islice(answers.batches(iter(drawn), size=8, pool=8), 8))
    assert sorted(map(repr, drawn)) == sorted(repr(p) for batch in dealt for p in batch)
    spread = [max(lengths) - min(lengths) for lengths in ([len(p.answer) for p in batch] for batch in dealt)]
    assert sorted(spread)[4] < max(len(p.answer) for p in drawn) / 2


def test_prompt_and_labels(tokenizer: PreTrainedTokenizerBase) -> None:
    assert answers.prompt("Why?") == "Question: Why?\n\nAnswer:"
    ids, labels = answers.encode_pair(tokenizer, "Why?", CODE)
    assert tokenizer.decode(ids) == "Question: Why?\n\nAnswer:\n" + CODE + "<|endoftext|>"
    counted = [token for token in labels if token != answers.IGNORED]
    assert tokenizer.decode(counted) == "\n" + CODE + "<|endoftext|>"
    padded, marks = answers.pad([(ids, labels), (ids[:5], labels[:5])], filler=0)
    assert padded.shape == marks.shape == (2, len(ids))
    assert (marks[1, 5:] == answers.IGNORED).all()


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"full"}))
def test_each_method_trains_something_on_the_real_shape(method: str) -> None:
    with torch.device("meta"):
        net = GPTBigCodeForCausalLM(model.config(4))
        config = METHODS[method].config
        assert config is not None
        net = get_peft_model(net, config(net.config.n_embd))
    trainable, total = net.get_nb_trainable_parameters()
    assert 0 < trainable < 0.2 * total


# What is committed.


def test_the_model_is_small_and_has_no_code_of_its_own() -> None:
    files = [p for p in BASE.rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 16_000_000
    assert (BASE / "model.safetensors").stat().st_size <= model.LIMIT_BYTES
    assert {p.suffix for p in files} <= {".json", ".jsonl", ".md", ".safetensors", ".svg"}


def test_nothing_committed_names_a_folder_of_the_machine_that_trained() -> None:
    for path in BASE.rglob("*"):
        if path.suffix in {".json", ".jsonl", ".md", ".svg"} and path.name != "tokenizer.json":
            text = path.read_text(encoding="utf-8")
            assert str(ROOT) not in text, path
            assert "/root" not in text, path
            assert "/home" not in text, path
    config = json.loads((LORA / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == "models/stdlib-coder"


def test_the_tokenizer_is_like_starcoders() -> None:
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    assert tokenizer.pad_token is None
    assert tokenizer.bos_token == tokenizer.eos_token == tokenizer.unk_token == "<|endoftext|>"
    assert tokenizer.convert_tokens_to_ids(list(tokens.SPECIAL_TOKENS)) == list(range(19))
    text = "def f(x):\n\treturn x[0:10] + 'é日'\n"
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.encode(text) == tokenizer.encode(text, add_special_tokens=False)
    assert [tokenizer.decode(i) for i in tokenizer.encode("2026")] == list("2026")


def test_the_base_loads_in_bf16_and_is_starcoders_architecture() -> None:
    net = AutoModelForCausalLM.from_pretrained(BASE)
    assert type(net) is GPTBigCodeForCausalLM
    assert net.dtype == torch.bfloat16
    assert net.config.multi_query
    assert net.config.pad_token_id is None
    assert net.get_input_embeddings().weight is net.get_output_embeddings().weight
    with safe_open(BASE / "model.safetensors", "pt") as file:
        assert {file.get_tensor(key).dtype for key in file.keys()} == {torch.bfloat16}  # noqa: SIM118


@pytest.mark.parametrize(("folder", "write"), [(BASE, card.write_base_card), (LORA, card.write_adapter_card)])
def test_the_card_says_what_the_log_says(folder: Path, write: object, tmp_path: Path) -> None:
    for path in folder.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    write(tmp_path)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == (folder / "README.md").read_text(encoding="utf-8")


def test_only_the_adapter_answers_the_guides_question() -> None:
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    base = AutoModelForCausalLM.from_pretrained(BASE)
    demo = next(p for p in exercises.pairs("validation", 0) if p.question == answers.DEMO)
    alone = answers.answer(base, tokenizer, [demo.question], tokens=64)[0]
    adapted = answers.answer(PeftModel.from_pretrained(base, LORA), tokenizer, [demo.question], tokens=160)[0]
    assert [verdict.passed for verdict in judge([(alone, demo), (adapted, demo)])] == [False, True]
