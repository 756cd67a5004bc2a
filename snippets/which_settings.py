"""The code of the page "Which settings?": a grid around one LoRA, and a short search of one's own."""

# %% grid [folded]
import json
from pathlib import Path

grid = json.loads(Path("models/settings.json").read_text())
about, runs, centre = grid["about"], grid["runs"], grid["about"]["centre"]
print("the middle:")
for name, value in centre.items():
    print(f"  {name:<10}", ", ".join(value) if isinstance(value, list) else value)
print(f"each run: {about['steps']} steps of {about['batch']} questions")
print(f"judged by: {about['judging']['limit']} others for the loss, as many to answer")
seeds = [run["seed"] for run in runs]
for seed in dict.fromkeys(seeds):
    print(f"seed {seed}: {seeds.count(seed)} of {about['points']} settings")
hours = sum(run["wall_seconds"] for run in runs) / 3600
print(f"{hours:.1f} hours of one core, which had other work")
days = sorted({run["date"] for run in runs})
print(*dict.fromkeys((days[0], days[-1])), sep=" to ")
for had in {json.dumps(run["machine"]): run["machine"] for run in runs}.values():
    print(had["cpu"], had["capability"])
    print(
        ", ".join(f"{name} {had[name]}" for name in ("torch", "transformers", "peft"))
    )

# %% read [setup]
import statistics

STUDENT = {2: 12.71, 3: 4.30}  # 95 % of Student's t, by the number of seeds


def at(**changes):
    """By seed, the runs at the middle setting with some of it changed."""
    wanted = {**centre, **changes}
    return {run["seed"]: run for run in runs if run["settings"] == wanted}


def losses(**changes):
    return {seed: run["validation_loss"] for seed, run in at(**changes).items()}


def shares(**changes):
    return {seed: run["held_out"]["share"] for seed, run in at(**changes).items()}


def to_middle(measure=losses, **changes):
    """The mean of the differences to the middle, seed by seed, and half their interval."""
    here, middle = measure(**changes), measure()
    apart = [number - middle[seed] for seed, number in here.items() if seed in middle]
    if len(apart) == 1:  # one seed tells nothing of the others
        return apart[0], float("inf")
    half = STUDENT[len(apart)] * statistics.stdev(apart) / len(apart) ** 0.5
    return round(statistics.mean(apart), 6) + 0.0, half


def row(name, changes):
    answered = shares(**changes).values()
    told = {
        "setting": name,
        "loss": f"{statistics.mean(losses(**changes).values()):.4f}",
    }
    if at(**changes) != at():
        mean, half = to_middle(**changes)
        told |= {"to the middle": f"{round(mean, 4) + 0:+.4f} ± {half:.4f}"}
        told |= {"apart": "yes" if abs(mean) > half else "no"}
    told["answered"] = f"{statistics.mean(answered):.1%}"
    told["by seed"] = f"{min(answered):.1%}–{max(answered):.1%}"
    return told | {"seeds": len(answered)}


def beats(better, worse):
    """Whether a point has the lower loss with each seed that both have."""
    one, other = losses(**better), losses(**worse)
    return all(one[seed] < other[seed] for seed in one if seed in other)


RATES, RANKS = (1.67e-4, 5.56e-4, 1.67e-3, 5e-3, 1.67e-2), (1, 4, 8, 16, 64)
LAYERS = (
    ["c_attn"],
    centre["targets"],
    ["c_attn", "c_fc", "c_proj"],
    ["c_fc", "mlp.c_proj"],
)
FACTORS = {  # by factor its points, and what each changes of the middle
    "rate": {f"rate {rate:g}": {"rate": rate} for rate in RATES},
    "alpha": {f"alpha {alpha}": {"alpha": alpha} for alpha in (4, 16, 64)},
    "rank": {f"rank {rank}": {"rank": rank} for rank in RANKS},
    "both": {
        f"rank {rank}, alpha {2 * rank}": {"rank": rank, "alpha": 2 * rank}
        for rank in RANKS
    },
    "targets": {", ".join(names): {"targets": names} for names in LAYERS},
    "questions": {f"questions {n}": {"questions": n} for n in (40, 100, 200, 400)},
}


def table(factor):
    return [row(name, changes) for name, changes in FACTORS[factor].items()]


# %% figure [folded] alt="For each setting the losses of its seeds; rates that are too high or too low lie far from the middle, ranks close to it"
"The validation loss of each run, by the setting that was changed. The dotted line is the mean of the middle."
import matplotlib.pyplot as plt

lines = [point for points in FACTORS.values() for point in points.items()]
figure, axes = plt.subplots(figsize=(4.6, 6.8))
for at_row, (_, changes) in enumerate(lines):
    found = list(losses(**changes).values())
    axes.plot([min(found), max(found)], [at_row] * 2, color="C0", linewidth=1)
    axes.plot(found, [at_row] * len(found), "o", color="C0", markersize=4)
axes.axvline(
    statistics.mean(losses().values()), color="0.5", linewidth=1, linestyle=":"
)
axes.set_yticks(range(len(lines)), [name for name, _ in lines])
axes.invert_yaxis()
axes.grid(axis="x")
axes.set(xlabel="validation loss")
axes.spines["left"].set_visible(False)
axes.tick_params(axis="y", length=0)

# %% rate [folded table] best="loss:low, answered"
"""The learning rate, all else as in the middle."""
table("rate")

# %% rate-loses [claim]
"""Ten times the rate loses with each seed, and a tenth of it does too: no other change of the
grid costs as much. Three times the rate, or a third of it, costs less than a third of that."""
for near, far in ((5e-3, 1.67e-2), (5.56e-4, 1.67e-4)):
    assert beats({}, {"rate": near})
    assert beats({"rate": near}, {"rate": far})
    assert to_middle(rate=near)[0] < to_middle(rate=far)[0] / 3
others = [c for points in FACTORS.values() for c in points.values() if "rate" not in c]
assert max(to_middle(**c)[0] for c in others) < to_middle(rate=1.67e-4)[0]

# %% alpha [folded table] best="loss:low, answered"
"""Alpha, all else as in the middle: the rank stays 8."""
table("alpha")

# %% rank [folded table] best="loss:low, answered"
"""The rank, with the alpha of the middle."""
table("rank")

# %% rank-and-alpha [folded table] best="loss:low, answered"
"""The rank, with an alpha of twice the rank."""
table("both")

# %% rank-hardly [claim]
"""With the alpha of the middle, ranks 4, 16 and 64 differ from rank 8 by less than the seeds
of rank 8 do among themselves. With twice the rank, rank 64 loses with each seed to rank 64
with that alpha."""
seeds = max(losses().values()) - min(losses().values())
for rank in (4, 16, 64):
    assert abs(to_middle(rank=rank)[0]) < seeds
assert beats({"rank": 64}, {"rank": 64, "alpha": 128})

# %% own
import random
import warnings

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")
checkpoint = "models/stdlib-coder"
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
words = [
    "age", "area", "author", "city", "colour", "cost", "count", "date", "depth",
    "height", "index", "key", "label", "level", "limit", "mass", "mode", "month",
    "name", "number", "order", "owner", "path", "place", "power", "price", "query",
]  # fmt: skip
held_out = words[::4]


def batch(words):
    """One batch of the rule that Train an adapter teaches."""
    rows, labels = [], []
    for word in words:
        asked = tokenizer(f"Question: How do I read self.{word}?\n\nAnswer:").input_ids
        said = tokenizer(f"\nreturn checked(self.{word})\n").input_ids
        rows.append([*asked, *said, tokenizer.eos_token_id])
        labels.append([-100] * len(asked) + [*said, tokenizer.eos_token_id])
    longest = max(map(len, rows))
    ids = [row + [tokenizer.eos_token_id] * (longest - len(row)) for row in rows]
    labels = [row + [-100] * (longest - len(row)) for row in labels]
    return {"input_ids": torch.tensor(ids), "labels": torch.tensor(labels)}


def tuned(rate, steps, alpha=16):
    """A LoRA of rank 8 after some steps, and its loss on the words held out."""
    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
    names = ["c_attn", "c_proj"]
    config = LoraConfig(
        r=8, lora_alpha=alpha, target_modules=names, task_type="CAUSAL_LM"
    )
    model, draw = get_peft_model(base, config), random.Random(0)
    weights = [w for w in model.parameters() if w.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=rate, weight_decay=0.0)
    learned = [word for word in words if word not in held_out]
    for _ in range(steps):
        model(**batch(draw.sample(learned, 4))).loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
    with torch.no_grad():
        return model.eval(), model(**batch(held_out)).loss.item()


# %% alpha-is-a-rate [claim]
"""After the first step of AdamW, twice the alpha is twice the rate, to the rounding: A has
not moved yet, B moved by the rate, and the scale is proportional to alpha."""
change = {}
for alpha, rate in ((16, 2e-3), (32, 1e-3), (16, 1e-3)):
    model, _ = tuned(rate, steps=1, alpha=alpha)
    layer = model.get_base_model().transformer.h[0].attn.c_attn
    change[alpha, rate] = layer.get_delta_weight("default")
close = dict(rtol=1e-2, atol=1e-6)
torch.testing.assert_close(change[32, 1e-3], change[16, 2e-3], **close)
torch.testing.assert_close(change[32, 1e-3], 2 * change[16, 1e-3], **close)
assert change[16, 1e-3].abs().max() > 1e-5

# %% targets [folded table] best="loss:low, answered"
"""The layers that get an adapter, all else as in the middle."""
table("targets")

# %% attention-alone-loses [claim]
"""`c_attn` alone, which PEFT takes if nothing is said, loses with each seed to any choice that
has the MLP in it."""
for names in (centre["targets"], ["c_fc", "mlp.c_proj"], ["c_attn", "c_fc", "c_proj"]):
    assert beats({"targets": names}, {"targets": ["c_attn"]})

# %% questions [folded table] best="loss:low, answered"
"""The number of different questions. All runs see as many: of fewer, each more often."""
table("questions")

# %% more-questions-win [claim]
"""More questions are better with each seed, at the same number of steps. What 40 questions
cost against 400 is more than what any rank of the table costs at one alpha."""
for few, more in ((40, 100), (100, 200), (200, 400)):
    assert beats({"questions": more}, {"questions": few})
worst = max(to_middle(rank=rank)[0] for rank in (1, 4, 16, 64))
assert to_middle(questions=40)[0] > 2 * worst

# %% loss-and-answers
changed = [c for points in FACTORS.values() for c in points.values() if at(**c) != at()]
print("of", len(changed), "settings are apart from the middle:")
for measure in (losses, shares):
    found = [to_middle(measure, **changes) for changes in changed]
    print(
        f"  by their {measure.__name__}:", sum(abs(mean) > half for mean, half in found)
    )

# %% three-rates by_processor="rounding adds up in a training of many steps"
tried = {}
for rate in (5e-4, 5e-3, 5e-2):
    _, tried[rate] = tuned(rate, steps=20)
    print(f"{rate:g}: {tried[rate]:.2f}")

# %% rate-decides [claim]
"""On this other task too the rate decides: the middle one of three wins, and the highest is
the worst."""
low, middle, high = tried.values()
assert middle < low < high


# %% exercise
def check(questions, rank):
    """Compare with what the loss falls by, from the means of the grid."""
    by_questions = to_middle(questions=100)[0]
    by_rank = -to_middle(rank=64)[0]
    assert abs(questions - by_questions) < 0.0006, "look at the table of the questions"
    assert abs(rank - by_rank) < 0.0006, "look at the first of the two tables of ranks"
    print("right:", "questions" if by_questions > by_rank else "rank")


# %% answer [setup] fold="Answer: two differences"
check(questions=0.0083, rank=0.0004)
