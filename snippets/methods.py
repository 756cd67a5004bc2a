"""The code of the page "Seven methods, one model": what each adds, and where."""

# %% imports
import warnings
from copy import copy, deepcopy

import torch
from peft import IA3Config, LoraConfig, PromptEncoderConfig, get_peft_model
from transformers import AutoModelForCausalLM, GPTBigCodeConfig

from bottleneck import BottleneckConfig  # also teaches PEFT these adapters

small = "models/stdlib-coder"
# PEFT asks Transformers for a name that has been replaced: the deep dive shows it.
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

# %% settings
every = dict(task_type="CAUSAL_LM")
settings = {
    "(IA)³": IA3Config(
        target_modules=["c_attn", "mlp.c_proj"],
        feedforward_modules=["mlp.c_proj"],
        **every,
    ),
    "LoRA": LoraConfig(
        r=8, lora_alpha=16, target_modules=["c_attn", "c_proj"], **every
    ),
    "P-Tuning": PromptEncoderConfig(num_virtual_tokens=30, **every),
    "AdapterP": BottleneckConfig(
        use_adapterp=True, target_modules=["mlp.c_proj"], **every
    ),
    "Parallel": BottleneckConfig(
        use_parallel_adapter=True, target_modules=["c_attn"], **every
    ),
    "AdapterH": BottleneckConfig(target_modules=["c_fc", "mlp.c_proj"], **every),
}

# %% shapes
shapes = {  # layers, width and heads of StarCoderBase
    "1B": (24, 2048, 16),
    "3B": (36, 2816, 22),
    "7B": (42, 4096, 32),
    "15.5B": (40, 6144, 48),
}


def shape_of(size, layers=None):
    """A model of this size on the meta device: tensors with shapes and no numbers."""
    depth, width, heads = shapes[size]
    config = GPTBigCodeConfig(
        vocab_size=49152, n_positions=8192, bos_token_id=0, eos_token_id=0,
        n_layer=layers or depth, n_embd=width, n_head=heads,
    )  # fmt: skip
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config)


def with_adapter(method, model):
    """The model with the method's adapter, as PEFT makes it."""
    with torch.device(model.device):
        return get_peft_model(model, copy(settings[method]))  # PEFT writes into it


# %% config-is-written [claim]
"""PEFT writes into the configuration that it is given: what its model was loaded from,
and for P-Tuning the width. So each model gets a copy of its own here."""
config = LoraConfig(target_modules=["c_attn"])
assert config.base_model_name_or_path is None
get_peft_model(AutoModelForCausalLM.from_pretrained(small), config)
assert config.base_model_name_or_path == small
config = copy(settings["P-Tuning"])
assert config.token_dim is None
get_peft_model(shape_of("7B", layers=1), config)
assert config.token_dim == 4096

# %% draw [setup]
import matplotlib.pyplot as plt

HALVES = {  # of a block: the left edge and the width of each step
    "attention": {
        "attn.c_attn": (0, 2.8),
        "attention": (3.4, 1.8),
        "attn.c_proj": (5.8, 2.8),
    },
    "MLP": {"mlp.c_fc": (0, 2.8), "GELU": (3.4, 1.8), "mlp.c_proj": (5.8, 2.8)},
}


def box(axes, left, row, width, text, color):
    edges = dict(facecolor="none", edgecolor=color, linewidth=1.3)
    axes.add_patch(plt.Rectangle((left, -row - 0.35), width, 0.7, **edges))
    axes.text(left + width / 2, -row, text, ha="center", va="center", fontsize=9.5)


def watch(layer, name, places):
    """Note where what is added at a layer works: before it, after it or beside it."""
    read = {}

    def reads(module, inputs):
        read[module] = inputs[0]

    def ended(*_):
        given, base = read.pop(layer), read.pop(layer.base_layer)
        if base is not given:
            places[name] = "before"
        else:
            beside = any(tensor is given for tensor in read.values())
            places[name] = "beside" if beside else "after"

    for module in layer.modules():
        module.register_forward_pre_hook(reads)
    layer.register_forward_hook(ended)


def wire(axes, left, width, rows, place):
    """The way from a module to what is added, and back to where it takes effect."""
    start, end = left - 0.3, left + width + 0.3
    down, up = {"before": (start, start), "after": (end, end)}.get(place, (start, end))
    for x, row in ((down, 1), (up, rows)):
        side = left if x == start else left + width
        axes.plot([x, x, side], [0, -row, -row], "C0", linewidth=1)
    for row in range(1, rows):
        axes.plot([left + width / 2] * 2, [-row - 0.35, -row - 0.65], "C0", linewidth=1)
    back = dict(arrowstyle="->", color="C0")
    axes.annotate("", (up, 0.04), (up, -0.5), arrowprops=back)
    middle = left + width / 2
    axes.text(middle, -rows - 0.62, place, ha="center", color="C0", fontsize=9.5)


def added(method, size):
    """The shape of each tensor that a method trains, and where in a block it works."""
    model, places = with_adapter(method, shape_of(size, layers=1)), {}
    for name, layer in model.named_modules():
        if hasattr(layer, "base_layer"):
            watch(layer, name.partition(".h.0.")[2], places)
    model(torch.zeros(1, 4, dtype=torch.long, device="meta"))
    trained = {
        name: " × ".join(str(length) for length in weights.shape if length > 1)
        for name, weights in model.named_parameters()
        if weights.requires_grad
    }
    return trained, places


def draw(method, size="7B"):
    """One block of the base, and below each module the tensors that the method adds."""
    trained, places = added(method, size)
    below = {  # a module's boxes: the kind of each tensor, and its shape
        module: [
            f"{name.split(f'{module}.')[1].split('.')[0]}\n{shape}"
            for name, shape in trained.items()
            if f".h.0.{module}." in name
        ]
        for steps in HALVES.values()
        for module in steps
    }
    before = [
        f"{name.split('.')[0]}\n{shape}"
        for name, shape in trained.items()
        if name.endswith("embedding.weight")
    ]
    below["attn.c_attn"] += before
    rows = [max(len(below[module]) for module in steps) for steps in HALVES.values()]
    heights = [1.3 + row + 0.35 * bool(row and places) for row in rows]
    figure, halves = plt.subplots(
        2, figsize=(4.2, 0.55 * sum(heights)), height_ratios=heights
    )
    arrow = dict(arrowstyle="->", color="0.5")
    for axes, height, (half, steps) in zip(
        halves, heights, HALVES.items(), strict=True
    ):
        axes.text(-0.6, 0.55, half, color="0.5", fontsize=9.5)
        for module, (left, width) in steps.items():
            box(axes, left, 0, width, module.split(".")[-1], "0.5")
            axes.annotate("", (left, 0), (left - 0.6, 0), arrowprops=arrow)
            for row, text in enumerate(below[module], start=1):
                box(axes, left, row, width, text, "C0")
            if module in places:
                wire(axes, left, width, len(below[module]), places[module])
        axes.annotate("", (9.2, 0), (8.6, 0), arrowprops=arrow)
        axes.set(xlim=(-0.65, 9.25), ylim=(0.9 - height, 0.9))
        axes.axis("off")
    for _ in before:
        halves[0].plot([-0.3, -0.3, 0], [0, -1, -1], color="C0", linewidth=1)
    said = [
        f"{places.get(module, 'in front of')} {module}: {', '.join(texts)}"
        for module, texts in below.items()
        if texts
    ]
    figure.set_label(f"{method}, {'; '.join(said)}".replace("\n", " "))


# %% ia3
"A block with (IA)³: in blue what is trained, with the shape of each tensor."
draw("(IA)³")

# %% ia3-multiplies [claim]
"""(IA)³ multiplies: its vectors begin as ones, so a fresh adapter changes nothing."""
model = with_adapter("(IA)³", shape_of("7B", layers=1))
vectors = [name for name, w in model.named_parameters() if w.requires_grad]
assert vectors
assert all("ia3_l" in name for name in vectors)
base = AutoModelForCausalLM.from_pretrained(small)
ids = torch.arange(40)[None]
plain = base(ids).logits
fresh = with_adapter("(IA)³", base)
assert all((w == 1).all() for name, w in fresh.named_parameters() if "ia3_l" in name)
assert torch.equal(fresh(ids).logits, plain)
layer = fresh.get_base_model().transformer.h[0].attn.c_attn
x = torch.randn(1, 3, base.config.n_embd, dtype=base.dtype)
once = layer(x)
layer.ia3_l["default"].data.fill_(2)
assert torch.equal(layer(x), 2 * once)

# %% lora
"A block with LoRA: in blue what is trained, with the shape of each tensor."
draw("LoRA")

# %% lora-zero [claim]
"""A fresh LoRA changes nothing either: one of its two matrices begins as zeros."""
base = AutoModelForCausalLM.from_pretrained(small)
fresh = with_adapter("LoRA", base)
weights = dict(fresh.named_parameters())
assert sum("lora_A" in name for name in weights) > 0
assert sum("lora_B" in name for name in weights) > 0
assert all((w == 0).all() for name, w in weights.items() if "lora_B" in name)
assert all((w != 0).any() for name, w in weights.items() if "lora_A" in name)
assert torch.equal(fresh(ids).logits, plain)

# %% p-tuning
"A block with P-Tuning: in blue what is trained, with the shape of each tensor."
draw("P-Tuning")

# %% p-tuning-takes-room [claim]
"""The virtual tokens of P-Tuning stand before the prompt and take places in the model's
context: its blocks read 30 places more than the prompt has."""
base = AutoModelForCausalLM.from_pretrained(small)
tuned = with_adapter("P-Tuning", base)
given = {}
for part in (base.transformer.h[0], base.transformer.wpe):
    part.register_forward_hook(lambda part, read, _: given.update({part: read[0]}))
tuned(ids)
vectors, places = given[base.transformer.h[0]], given[base.transformer.wpe]
room = settings["P-Tuning"].num_virtual_tokens
assert places.tolist() == [list(range(room + ids.shape[1]))]
prompt = base.transformer.wte(ids) + base.transformer.wpe(places)[:, room:]
assert torch.equal(vectors[:, room:], prompt)

# %% p-tuning-saves-little [claim]
"""P-Tuning trains a small network and saves only what that network puts out: 30
vectors."""
import tempfile

from safetensors.torch import load_file

with tempfile.TemporaryDirectory() as folder:
    tuned.save_pretrained(folder)
    saved = load_file(f"{folder}/adapter_model.safetensors")
assert [tuple(t.shape) for t in saved.values()] == [(30, base.config.n_embd)]
made = tuned.prompt_encoder["default"](torch.arange(30)[None])[0]
torch.testing.assert_close(saved["prompt_embeddings"], made.detach())
assert tuned.get_nb_trainable_parameters()[0] > 30 * base.config.n_embd

# %% adapterp
"A block with AdapterP: in blue what is trained, with the shape of each tensor."
draw("AdapterP")

# %% adapterh
"A block with AdapterH: in blue what is trained, with the shape of each tensor."
draw("AdapterH")

# %% parallel
"A block with Parallel: in blue what is trained, with the shape of each tensor."
draw("Parallel")

# %% bottleneck-not-zero [claim]
"A fresh AdapterP, AdapterH or Parallel does change what the model predicts."
for method in ("AdapterP", "AdapterH", "Parallel"):
    base = AutoModelForCausalLM.from_pretrained(small)
    assert not torch.equal(with_adapter(method, base)(ids).logits, plain)

# %% real-sizes [folded table]
"""Trained parameters at the four sizes."""
trained, bases = {}, {size: shape_of(size) for size in shapes}
for method in settings:
    for size in shapes:
        model = with_adapter(method, deepcopy(bases[size]))
        trained[method, size] = model.get_nb_trainable_parameters()[0]
whole = {size: base.num_parameters() for size, base in bases.items()}
counts = {
    method: {size: trained[method, size] for size in shapes} for method in settings
}
counts["full"] = whole
[
    {"method": method, **{size: f"{count:,}" for size, count in sizes.items()}}
    for method, sizes in counts.items()
]

# %% fewest-and-most [claim]
"""At every size (IA)³ trains the fewest parameters of the six, and AdapterH the most."""
for size in shapes:
    at_size = {method: trained[method, size] for method in settings}
    assert min(at_size, key=at_size.get) == "(IA)³"
    assert max(at_size, key=at_size.get) == "AdapterH"

# %% real-memory [folded table]
"""Memory for weights, gradients and the optimizer."""


def to_train(method, size):
    """The bytes that training takes, without the activations."""
    if method == "full":
        return 16 * whole[size]
    return 2 * whole[size] + 16 * trained[method, size]


[
    {
        "method": name,
        **{size: f"{to_train(name, size) / 1e9:.1f} GB" for size in shapes},
    }
    for name in counts
]

# %% study [folded]
import json
from pathlib import Path

study = json.loads(Path(small, "adapters", "study.json").read_text())
about, base_alone = study["about"], study["base"]
print(f"{about['steps']} steps of {about['batch']} questions with their answers")
print(f"rates chosen by {about['chosen_by']}, in runs of {about['search_steps']} steps")
by_data = {"all": {}, "tenth": {}}  # of all the data or a tenth: by method, its runs
for run in study["runs"]:
    if run["data"] in by_data:
        by_data[run["data"]].setdefault(run["method"], []).append(run)
runs, tenth = by_data.values()


for part, done, times in (("all", runs, about["seeds"]), ("a tenth", tenth, 1)):
    for method in about["methods"]:
        if (found := len(done.get(method, []))) < times:
            print(f"{method} on {part} of the data: {found} of {times} runs")
if not study["combined"]:
    print("two adapters in one: not run yet")

called = {"lora": "LoRA", "rslora": "rsLoRA", "dora": "DoRA", "ia3": "(IA)³"}
called |= {"p-tuning": "P-Tuning", "prompt-tuning": "prompt tuning"}
called |= {"adapter-h": "AdapterH", "adapter-p": "AdapterP", "parallel": "Parallel"}
called |= {"full": "full"}


# %% results [folded table] best="new wording, best of 5"
"""What each method gave."""


def mean(method, *keys):
    """The mean over a method's seeds of a number in its runs."""
    numbers = []
    for found in runs[method]:
        for key in keys:
            found = found[key]
        numbers.append(found)
    return sum(numbers) / len(numbers)


order = sorted(runs, key=lambda method: -mean(method, "held_out", "share"))


def from_to(shares):
    """The lowest and the highest of some shares; None where there is one alone."""
    return f"{min(shares):.1%}–{max(shares):.1%}" if len(shares) > 1 else None


kinds = ("held_out", "held_out_exercises", "pass_at_k")
new_wording, new_exercise, five_times = (base_alone[kind]["asked"] for kind in kinds)
print(f"asked: {new_wording} in new wording, {new_exercise} on new exercises,", end=" ")
print(f"{five_times} of the first kind for the best of 5")
table = [
    {
        "method": called[method],
        "trained": f"{mean(method, 'trainable'):,.0f}",
        "seeds": len(runs[method]),
        "new wording": f"{mean(method, 'held_out', 'share'):.1%}",
        "lowest–highest": from_to([run["held_out"]["share"] for run in runs[method]]),
        "new exercise": f"{mean(method, 'held_out_exercises', 'share'):.1%}",
        "best of 5": f"{mean(method, 'pass_at_k', 'share'):.1%}",
    }
    for method in order
]
alone = (f"{base_alone[kind]['share']:.1%}" for kind in kinds)
table.append(
    {
        "method": "no adapter",
        "trained": 0,
        **dict(zip(("new wording", "new exercise", "best of 5"), alone, strict=True)),
    }
)
table

# %% plot [folded]
"Held-out questions answered. From the top: the methods from most to fewest trained parameters."
_, axes = plt.subplots(figsize=(4.6, 4))
by_size = sorted(order, key=lambda method: mean(method, "trainable"))
for row, method in enumerate(by_size):
    shares = [100 * run["held_out"]["share"] for run in runs[method]]
    low = 100 * min(run["held_out"]["low"] for run in runs[method])
    high = 100 * max(run["held_out"]["high"] for run in runs[method])
    axes.plot([low, high], [row, row], color="C0", linewidth=1)
    axes.plot(shares, [row] * len(shares), "o", color="C0", markersize=5)
sizes = [f"{called[method]}  {mean(method, 'trainable'):,.0f}" for method in by_size]
axes.set_yticks(range(len(by_size)), sizes)
axes.grid(axis="x")
axes.set(xlim=(65, 90), xlabel="answers that pass, in %")
axes.spines["left"].set_visible(False)
axes.tick_params(axis="y", length=0)

# %% four-alike [claim]
"""The means of the four best methods lie within one percentage point. The seeds of LoRA, one
of the four, are further apart than that: this table does not rank the four."""
best = [mean(method, "held_out", "share") for method in order[:4]]
seeds = [run["held_out"]["share"] for run in runs["lora"]]
assert "lora" in order[:4]
assert max(best) - min(best) < 0.01 < max(seeds) - min(seeds)

# %% longer [folded]
log = Path(small, "adapters", "lora", "training.jsonl").read_text()
events = [json.loads(line) for line in log.splitlines()]
steps = next(event["steps"] for event in events if event["event"] == "start")
judged = [event for event in events if event["event"] == "judged"][-1]
print(f"LoRA, {steps:,} steps: {judged['passed'] / judged['asked']:.1%} in new wording")

# %% answers [folded table] choose="method, question"
"""What each adapter answers, with the most probable token each time."""
from peft import PeftModel
from transformers import AutoTokenizer

# Prompt tuning and P-Tuning take no `position_ids`, and warn at every token. They do without
# the cache, in which PEFT 0.21.2 does not find their prompt.
warnings.filterwarnings("ignore", message="Position ids are not supported")
tokenizer = AutoTokenizer.from_pretrained(small)
questions = (
    "Bubble sort these numbers.",
    "Is this word a palindrome?",
    "I need the digits of a number in reverse.",
)
table = []
for method in order:
    if method == "full":  # its weights are not kept
        continue
    fresh = AutoModelForCausalLM.from_pretrained(small, dtype="float32")
    tuned = PeftModel.from_pretrained(fresh, f"{small}/adapters/{method}")
    for question in questions:
        asked = tokenizer(f"Question: {question}\n\nAnswer:", return_tensors="pt")
        cached = not tuned.active_peft_config.is_prompt_learning
        answer = tuned.generate(
            **asked,
            do_sample=False,
            max_new_tokens=100,
            pad_token_id=0,
            use_cache=cached,
        )
        text = tokenizer.decode(answer[0, asked["input_ids"].shape[1] :])
        text = text.removesuffix("<|endoftext|>").strip("\n")
        table.append({"method": called[method], "question": question, "answer": text})
table

# %% costs [folded table] best="minutes:low, memory:low, on disk:low, code loss:low"
"""What each method cost."""
sorts = sum(runs[method][0]["demo"]["sorts"] for method in order)
print(f"the answer sorts: with {sorts} of {len(order)} methods")
firsts = [found[0] for found in runs.values()]
print(*{f"{run['machine']['cpu']}, {run['machine']['capability']}" for run in firsts})
table = []
for method in order:
    run = runs[method][0]
    change = run["code_loss"]["stdlib"] - base_alone["code_loss"]["stdlib"]
    table.append(
        {
            "method": called[method],
            "rate": f"{run['rate']:g}",
            "minutes": f"{min(each['seconds'] for each in runs[method]) / 60:.1f}",
            "memory": f"{run['peak_mib']:.0f} MiB",
            "on disk": f"{run['bytes'] / 1e6:.2f} MB",
            "code loss": f"{change:+.3f}",
        }
    )
table

# %% tenth [folded table] best="all data, a tenth"
"""With a tenth of the data."""
firsts = {
    method: [done[method][0]["held_out"]["share"] for done in (runs, tenth)]
    for method in order
    if method in tenth
}
[
    {
        "method": called[method],
        "all data": f"{share:.1%}",
        "a tenth": f"{part:.1%}",
        "difference": f"{100 * (part - share):+.1f}",
    }
    for method, (share, part) in sorted(firsts.items(), key=lambda item: -item[1][1])
]

# %% combined [folded table]
"""Two adapters, and ways to make one of them."""
[
    {
        "adapter": way["way"],
        "half a": f"{way['half-a']['share']:.1%}",
        "half b": f"{way['half-b']['share']:.1%}",
    }
    for found in study["combined"]
    for way in found["ways"]
]

# %% mergeable [claim]
"""LoRA and (IA)³ can be merged into the base model's weights, and predict the same then.
P-Tuning has no such method, and the bottlenecks refuse."""
refused = {}
for method in settings:
    base = AutoModelForCausalLM.from_pretrained(small, dtype="float32")
    model = with_adapter(method, base)
    torch.manual_seed(0)
    for weights in model.parameters():
        if weights.requires_grad:  # as if it had been trained
            weights.data += torch.randn_like(weights) / 10
    with torch.no_grad():
        expected = model(ids).logits
        assert not torch.allclose(expected[:, -ids.shape[1] :], plain.float(), atol=0.1)
        try:
            merged = model.merge_and_unload()
            assert not any(weights.requires_grad for weights in merged.parameters())
            torch.testing.assert_close(
                merged(ids).logits, expected, atol=1e-3, rtol=1e-3
            )
        except (AttributeError, ValueError) as error:
            refused[method] = type(error)
bottlenecks = dict.fromkeys(("AdapterP", "AdapterH", "Parallel"), ValueError)
assert refused == {"P-Tuning": AttributeError, **bottlenecks}

# %% compared [folded table] best="trained at 7B:low, memory at 7B:low"
"""The ten methods at a glance."""
from peft import PromptTuningConfig

lora = dict(r=8, lora_alpha=16, target_modules=["c_attn", "c_proj"], **every)
settings |= {
    "rsLoRA": LoraConfig(use_rslora=True, **lora),
    "DoRA": LoraConfig(use_dora=True, **lora),
    "prompt tuning": PromptTuningConfig(num_virtual_tokens=30, **every),
}
for method in settings:
    if (method, "7B") not in trained:
        model = with_adapter(method, deepcopy(bases["7B"]))
        trained[method, "7B"] = model.get_nb_trainable_parameters()[0]
trained["full", "7B"] = whole["7B"]


def merges(method):
    """Whether PEFT makes the method's adapter part of the base model's weights."""
    base = AutoModelForCausalLM.from_pretrained(small, dtype="float32")
    try:
        with_adapter(method, base).merge_and_unload()
    except (AttributeError, ValueError):
        return "no"
    return "yes"


table = []
for found in order:
    method = called[found]
    row = {
        "method": method,
        "trained at 7B": f"{trained[method, '7B']:,}",
        "memory at 7B": f"{to_train(method, '7B') / 1e9:.1f} GB",
        "answered": f"{mean(found, 'held_out', 'share'):.1%}",
        "lowest–highest": from_to([run["held_out"]["share"] for run in runs[found]]),
    }
    if method in settings:
        own = type(settings[method]).__module__.startswith("peft.")
        row |= {
            "can be merged": merges(method),
            "in stock PEFT": "yes" if own else "no",
        }
    table.append(row)
table
