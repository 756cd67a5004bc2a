"""The code of the page "Is it better?": base against adapter, judged by running what they write."""

# %% load
import warnings

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from pass_at_k import ask, by_chance, pass_at_k, passes, read_tasks, verdicts, wilson

# PEFT asks Transformers for a name that has been replaced: the deep dive shows it.
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

checkpoint, adapters = "models/stdlib-coder", "models/stdlib-coder/adapters"
tokenizer = AutoTokenizer.from_pretrained(checkpoint, padding_side="left")
tokenizer.pad_token = tokenizer.eos_token
base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
model = PeftModel.from_pretrained(base, f"{adapters}/lora", adapter_name="lora")
loaded = model.load_adapter(f"{adapters}/rslora", adapter_name="rslora")

# %% tasks
tasks = read_tasks("models/tasks.jsonl")
prompts = [task["prompt"] for task in tasks]
print(len(tasks), "tasks, for example:")
print(prompts[0])
for arguments, result in tasks[0]["calls"]:
    print("  ", arguments, "gives", result)

# %% judge
good = "def evens(numbers):\n    return [n for n in numbers if n % 2 == 0]\n"
calls = [([[1, 2, 4]], [2, 4]), ([[]], [])]
for name, answer in {
    "right": good,
    "right, then prose": good + "\nThis returns them all.",
    "wrong": good.replace("== 0", "== 1"),
    "endless": good.replace("return", "while True: pass\n    return"),
    "too much memory": good.replace("return", "'a' * 2**33; return"),
    "no function": "I cannot do that.",
}.items():
    print(f"{name:<20}", "passes" if passes(answer, calls) else "fails")

# %% disabled-is-base [claim]
"""Within `disable_adapter` a wrapped model computes what the base alone computes, to the
last bit. So one model serves for both sides."""
alone = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32").eval()
some = tokenizer(prompts[:2], padding=True, return_tensors="pt")
with torch.no_grad():
    with model.disable_adapter():
        assert torch.equal(model(**some).logits, alone(**some).logits)
    assert not torch.allclose(model(**some).logits, alone(**some).logits, atol=0.1)

# %% compare [table] best="pass@1"
"""What share of the tasks the base and two adapters pass."""
found = {}
with model.disable_adapter():
    found["base"] = verdicts(ask(model, tokenizer, prompts), tasks)
for name in ("rslora", "lora"):
    model.set_adapter(name, inference_mode=True)
    found[name] = verdicts(ask(model, tokenizer, prompts), tasks)
found = {name: [passed for (passed,) in each] for name, each in found.items()}


def row(name):
    low, high = wilson(sum(found[name]), len(tasks))
    share = f"{sum(found[name]) / len(tasks):.0%}"
    return {"model": name, "pass@1": share, "95 % interval": f"{low:.0%}–{high:.0%}"}


[row(name) for name in found]


# %% paired
def against(one, other):
    won = sum(a and not b for a, b in zip(found[one], found[other], strict=True))
    lost = sum(b and not a for a, b in zip(found[one], found[other], strict=True))
    print(f"{one} wins {won} tasks against {other} and loses {lost};", end=" ")
    print(f"by chance: {by_chance(won, lost):.2g}")


against("lora", "base")
against("lora", "rslora")

# %% needed [table]
"""The 95 % interval around a share of 80 %, by the number of tasks."""


def half_width(share, asked):
    low, high = wilson(share * asked, asked)
    return (high - low) / 2


[
    {
        "tasks": asked,
        "80 % is known to within": f"{100 * half_width(0.8, asked):.1f} points",
    }
    for asked in (20, 40, 100, 400, 1600)
]

# %% drawn by_processor="where probabilities are rounded otherwise, another token can be drawn"
import random

torch.manual_seed(0)
few, samples = tasks[:8], 5
said = ask(model, tokenizer, [t["prompt"] for t in few], samples, temperature=0.8)
drawn = verdicts(said, few)


def mean_and_interval(values, turns=2000):
    """The mean, and the middle 95 % of the means where the tasks are drawn anew."""
    draw = random.Random(0)
    again = [draw.choices(values, k=len(values)) for _ in range(turns)]
    means = sorted(sum(each) / len(each) for each in again)
    return sum(values) / len(values), means[turns // 40], means[-turns // 40]


print(f"{len(few)} tasks, {samples} drawn answers each, with 95 % intervals:")
for k in (1, 5):
    values = [pass_at_k(sum(each), samples, k) for each in drawn]
    mean, low, high = mean_and_interval(values)
    print(f"pass@{k} {mean:>4.0%}, {low:.0%} to {high:.0%}")
low, high = wilson(len(few), len(few))
print(f"{len(few)} of {len(few)} by Wilson's formula: {low:.0%} to {high:.0%}")

# %% samples-in-order [claim]
"""`num_return_sequences=2` gives the two answers to the first prompt, then those to the
second: the rows of a prompt stand together."""
two = tokenizer(["a = 1", "import re"], padding=True, return_tensors="pt")
drawing = dict(do_sample=True, num_return_sequences=2, max_new_tokens=4, pad_token_id=0)
out = model.generate(**two, **drawing)
asked = two["input_ids"]
assert torch.equal(out[:, : asked.shape[1]], asked.repeat_interleave(2, dim=0))


# %% exercise
def check(tasks):
    """Compare with the fewest tasks that tell a share of 80 % to within 5 points."""
    fewest = next(n for n in range(1, 10_000) if half_width(0.8, n) <= 0.05)
    assert abs(tasks - fewest) <= 10, "too many" if tasks > fewest else "too few"
    print(f"right: {fewest}")


# %% answer [setup] fold="Answer: how many tasks"
check(tasks=245)
