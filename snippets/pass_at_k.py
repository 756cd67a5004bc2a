"""Compare a base model and an adapter by running what they write: pass@1, pass@k, and who wins on which task.

    python pass_at_k.py --base models/stdlib-coder --adapter models/stdlib-coder/adapters/lora --tasks tasks.jsonl

Each line of the tasks is {"prompt": "…", "calls": [[[argument, …], result], …]}. An answer passes where its first
function returns every result. Answers run in a process of their own with limits of time and memory, in an empty
folder. That stops accidents. It does not stop malice: run answers of a model that you do not trust in a container
without a network.
"""

import argparse
import ast
import json
import math
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

SECONDS, BYTES = 2, 1 << 30  # of processor time and of memory, for one answer
CHILD = """
import json, sys
request, space = json.load(sys.stdin), {"__name__": "answer"}
try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None
for name, most in request["limits"].items() if resource else ():
    try:
        resource.setrlimit(getattr(resource, name), (most, most))
    except (OSError, ValueError):  # macOS refuses one of them
        pass
say, sys.stdout = sys.stdout, None
exec(request["code"], space)
results = [space[request["name"]](*arguments) for arguments in request["arguments"]]
json.dump(results, say)
"""


def first_function(text):
    """Return the longest beginning of a text that is Python, and the name of its first function, or None."""
    lines = text.split("\n")
    for end in range(len(lines), 0, -1):
        code = "\n".join(lines[:end])
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError):
            continue
        names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        return code, names[0] if names else None
    return "", None


def passes(answer, calls):
    """Return whether an answer's first function gives the result of every call."""
    code, name = first_function(answer)
    if name is None:
        return False
    limits = {"RLIMIT_CPU": SECONDS, "RLIMIT_AS": BYTES, "RLIMIT_FSIZE": 0}
    request = {"code": code, "name": name, "limits": limits}
    request["arguments"] = [arguments for arguments, _ in calls]
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-S", "-c", CHILD], cwd=folder, env={}, input=json.dumps(request),
                capture_output=True, text=True, timeout=5 * SECONDS, check=False,
            )  # fmt: skip
            return json.loads(done.stdout) == [result for _, result in calls]
        except (ValueError, subprocess.TimeoutExpired):
            return False


def verdicts(answers, tasks):
    """Return for each task whether each of its answers passes."""

    def judged(said, task):
        return [passes(answer, task["calls"]) for answer in said]

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(judged, answers, tasks))


def pass_at_k(passed, asked, k):
    """Return the chance that one of k answers passes, estimated from `asked` answers of which `passed` do."""
    return 1 - math.comb(asked - passed, k) / math.comb(asked, k)


def wilson(passed, asked):
    """Return the 95 % interval of a share."""
    z, share = 1.96, passed / asked
    centre = (share + z * z / (2 * asked)) / (1 + z * z / asked)
    half = (
        z
        / (1 + z * z / asked)
        * math.sqrt(share * (1 - share) / asked + (z / (2 * asked)) ** 2)
    )
    return max(0.0, centre - half), min(1.0, centre + half)


def by_chance(won, lost):
    """Return how probable so uneven a split of the won and lost tasks is where neither model is better."""
    differ = won + lost
    few = sum(math.comb(differ, i) for i in range(min(won, lost) + 1))
    return min(1.0, 2 * few / 2**differ)


def ask(model, tokenizer, prompts, samples=1, temperature=None, tokens=120):
    """Return `samples` answers to each prompt: the likeliest one, or with a temperature drawn ones."""
    inputs = tokenizer(prompts, padding=True, return_tensors="pt").to(model.device)
    drawn = {
        "do_sample": True,
        "temperature": temperature,
        "num_return_sequences": samples,
    }
    how = {"do_sample": False} if temperature is None else drawn
    # PEFT 0.21.2 does not find Transformers 5.24's cache, and puts the prompt of a prompt method before every token.
    settings = getattr(model, "active_peft_config", None)
    how["use_cache"] = not (settings and settings.is_prompt_learning)
    with torch.no_grad():
        out = model.generate(
            **inputs, **how, max_new_tokens=tokens, pad_token_id=tokenizer.pad_token_id
        )
    texts = tokenizer.batch_decode(
        out[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
    )
    return [texts[first : first + samples] for first in range(0, len(texts), samples)]


def read_tasks(path):
    """Return the tasks of a file; SystemExit names the line that is none."""
    tasks = []
    for number, line in enumerate(
        Path(path).read_text(encoding="utf-8").splitlines(), 1
    ):
        try:
            task = json.loads(line)
            if not (isinstance(task["prompt"], str) and task["calls"]):
                raise ValueError
            task["calls"] = [
                (list(arguments), result) for arguments, result in task["calls"]
            ]
        except (ValueError, TypeError, KeyError):
            raise SystemExit(
                f'{path}:{number}: not {{"prompt": "…", "calls": [[[argument], result]]}}'
            ) from None
        tasks.append(task)
    return tasks


def main(words=None):
    """Compare as the command line asks, and print a line for each model."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument(
        "--base", required=True, help="folder or hub name of the base model"
    )
    parser.add_argument(
        "--adapter", required=True, help="folder or hub name of the adapter"
    )
    parser.add_argument(
        "--tasks", required=True, type=Path, help="the tasks, as JSON lines"
    )
    parser.add_argument(
        "--batch", type=int, default=32, help="prompts at a time (default: %(default)s)"
    )
    a = parser.parse_args(words)
    tasks = read_tasks(a.tasks)
    tokenizer = AutoTokenizer.from_pretrained(a.base, padding_side="left")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    model = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(a.base, dtype="float32"), a.adapter
    )

    def judged():
        prompts = [task["prompt"] for task in tasks]
        parts = [
            prompts[first : first + a.batch]
            for first in range(0, len(prompts), a.batch)
        ]
        said = [answers for part in parts for answers in ask(model, tokenizer, part)]
        return [each for (each,) in verdicts(said, tasks)]

    with model.disable_adapter():
        base = judged()
    tuned = judged()
    for name, found in (("base", base), ("adapter", tuned)):
        low, high = wilson(sum(found), len(found))
        print(
            f"{name:<8} {sum(found):>4} of {len(found)} pass, {low:.0%} to {high:.0%}"
        )
    won = sum(after and not before for before, after in zip(base, tuned, strict=True))
    lost = sum(before and not after for before, after in zip(base, tuned, strict=True))
    print(
        f"the adapter wins {won} tasks and loses {lost}; by chance: {by_chance(won, lost):.2g}"
    )


if __name__ == "__main__":
    main()
