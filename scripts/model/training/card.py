"""The cards of the base and of an adapter: every number in them comes from the logs beside them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.curve import curve
from training.log import Log, clock
from training.turns import Turn, turns

Event = Mapping[str, Any]
TEMPLATES = Path(__file__).parent
BOTTLENECKS = ("adapter-h", "adapter-p", "parallel")  # PEFT loads them when `bottleneck` is imported
TRIED = TEMPLATES / "tried.jsonl"  # written by hand: one experiment a line, failed ones included


def of_kind(events: Sequence[Event], kind: str) -> list[Event]:
    """The events of one kind, oldest first."""
    return [e for e in events if e["event"] == kind]


def write_base_card(folder: Path) -> None:
    """Write README.md and loss.svg into the model's folder, from training.jsonl and the files there."""
    events = Log(folder / "training.jsonl").read()
    template = (TEMPLATES / "base_card.md").read_text(encoding="utf-8")
    (folder / "README.md").write_text(template.format_map(base_facts(events, folder)), encoding="utf-8")
    (folder / "loss.svg").write_text(base_curve(events), encoding="utf-8")


def base_facts(events: Sequence[Event], folder: Path) -> dict[str, str]:
    """The values for the placeholders of the base card's template."""
    start, last = of_kind(events, "start")[-1], of_kind(events, "step")[-1]
    steps = last["step"]  # a finished run logs its last step
    per_step = start["batch"] * start["length"]
    taken = turns(events)
    machine = of_kind(events, "machine")[-1]
    return {
        **{key: str(start[key]) for key in ("depth", "width", "inner", "heads", "length", "seed", "workers", "warmup")},
        "parameters": f"{start['parameters']:,}",
        "bytes": f"{(folder / 'model.safetensors').stat().st_size:,}",
        "vocabulary": f"{of_kind(events, 'tokenizer')[-1]['vocabulary']:,}",
        "steps": f"{steps:,}",
        "tokens": f"{steps * per_step:,}",
        "per_step": f"{per_step:,}",
        "time": clock(last["seconds"]),
        "speed": f"{steps * per_step / last['seconds']:,.0f}",
        "machine": f"{machine['cpu']}, {machine['cores']} cores, {machine['capability']}",
        "versions": f"Python {machine['python']}, torch {machine['torch']}, transformers {machine['transformers']}",
        "command": "\n".join(turn.command(start) for turn in taken),
        "passes": passes_in_words(start["mix"], steps, per_step, of_kind(events, "corpus")),
        "mix": mix_in_words(start["mix"]),
        "fim": f"{start['fim_rate']:.0%}",
        "rate": rate_in_words(start, taken),
        "corpora": corpora_table(of_kind(events, "corpus")),
        "turns": turns_in_words(taken),
        "losses": loss_table(of_kind(events, "validation")),
        "tried": tried_list(of_kind(events, "tried")),
        "noted": "".join(f"{note['what']}\n\n" for note in of_kind(events, "noted")),
    }


def mix_in_words(phases: Sequence[Sequence[float]]) -> str:
    """The data mix as a phrase."""
    parts = [f"{share:.0%} from step {step:,} on" for step, share in phases]
    share = "; ".join(parts) if len(phases) > 1 else f"{phases[0][1]:.0%}"
    return f"{share} of the rows hold generated functions, the others the standard library"


def rate_in_words(start: Event, taken: Sequence[Turn]) -> str:
    """The learning rate as a phrase; where there are several turns, their table has the rest."""
    begun = f"{taken[0].rate:g} at its peak; warmup over {start['warmup']} steps"
    if len(taken) > 1:
        return f"{begun}; then flat and down, turn by turn, as the table below says"
    share = (taken[0].last - taken[0].fall) / taken[0].last
    return f"{begun}, flat, then down in a line over the last {share:.0%}"


def turns_in_words(taken: Sequence[Turn]) -> str:
    """A table of the turns of a run that was trained further after its end; nothing for any other."""
    if len(taken) == 1:
        return ""
    said = "The model was finished and then trained further. Each row is a turn: flat at its peak, then down.\n\n"
    head = ["| from step | rate falls from | to step | peak rate |", "|--:|--:|--:|--:|"]
    return said + "\n".join([*head, *(turn.row() for turn in taken)]) + "\n\n"


def passes_in_words(phases: Sequence[Sequence[float]], steps: int, per_step: int, corpora: Sequence[Event]) -> str:
    """How much of each corpus was read, by its share of the rows."""
    ends = [start for start, _ in phases[1:]] + [steps]
    functions = sum((end - start) * share for (start, share), end in zip(phases, ends, strict=True)) * per_step
    library = next(c["tokens"] for c in corpora if c["name"] == "stdlib-train")
    said = f"{(steps * per_step - functions) / library:.1f} times the standard library"
    return f"{said} and {functions / 1e6:.1f} million tokens of functions" if functions else said


def corpora_table(corpora: Sequence[Event]) -> str:
    """The encoded corpora as a Markdown table."""
    rows = ["| corpus | documents | characters | tokens | digest of the ids |", "|---|--:|--:|--:|---|"]
    for c in corpora:
        counts = " | ".join(f"{c[key]:,}" for key in ("documents", "characters", "tokens"))
        rows.append(f"| {c['name']} | {counts} | `{c['digest']}` |")
    return "\n".join(rows)


def loss_table(validations: Sequence[Event], rows: int = 8) -> str:
    """Validation losses at about `rows` steps, the last one included, in nats per token."""
    stride = max(1, len(validations) // rows)
    shown = [*validations[:-1:stride], validations[-1]] if validations else []
    head = ["| step | standard library | functions |", "|--:|--:|--:|"]
    return "\n".join(head + [f"| {v['step']:,} | {v.get('stdlib', '–')} | {v.get('functions', '–')} |" for v in shown])


def tried_list(tried: Sequence[Event]) -> str:
    """What was tried, with its measurement, as a Markdown list."""
    return "\n".join(f"- {t['what']}: {t['result']}" for t in tried) or "- nothing else"


def base_curve(events: Sequence[Event]) -> str:
    """The loss curve: training, and both validation corpora."""
    steps, validations = of_kind(events, "step"), of_kind(events, "validation")
    lines = {"training": [(e["step"], e["loss"]) for e in steps]}
    for name, label in (("stdlib", "validation: standard library"), ("functions", "validation: functions")):
        points = [(v["step"], v[name]) for v in validations if name in v]
        if points:
            lines[label] = points
    return curve(lines)


def write_adapter_card(folder: Path) -> None:
    """Write README.md into the adapter's folder, from training.jsonl there."""
    events = Log(folder / "training.jsonl").read()
    template = (TEMPLATES / "adapter_card.md").read_text(encoding="utf-8")
    (folder / "README.md").write_text(template.format_map(adapter_facts(events, folder)), encoding="utf-8")


def adapter_facts(events: Sequence[Event], folder: Path) -> dict[str, str]:
    """The values for the placeholders of the adapter card's template."""
    start, last = of_kind(events, "start")[-1], of_kind(events, "step")[-1]
    rows = ["| model | run as | questions | passed | pass@1 | bubble sort |", "|---|---|--:|--:|--:|---|"]
    for e in judged_last(events):
        demo = "sorts" if e["demo"] else "does not sort"
        share = f"{e['passed'] / e['asked']:.1%}"
        rows.append(f"| {e['who']} | {e['run_as']} | {e['asked']} | {e['passed']} | {share} | {demo} |")
    settings = f"Astraios' settings; scaled down: {start['scaled']}"
    if not start.get("astraios", True):
        settings = f"Not one of Astraios' methods; {start['scaled']}"
    return {
        **{key: str(start[key]) for key in ("method", "batch", "seed")},
        "settings": settings,
        "imports": "import bottleneck  # snippets/bottleneck.py\n" * (start["method"] in BOTTLENECKS),
        "trainable": f"{start['trainable']:,}",
        "share": f"{start['trainable'] / start['parameters']:.2%}",
        "bytes": f"{(folder / 'adapter_model.safetensors').stat().st_size:,}",
        "steps": f"{last['step']:,}",
        "pairs": f"{last['step'] * start['batch']:,}",
        "tokens": f"{last['tokens']:,}",
        "time": clock(last["seconds"]),
        "rate": f"{start['rate']:g}",
        "loss": f"{last['loss']:.3f}",
        "scores": "\n".join(rows),
        "shown": next((e["shown"].strip() for e in reversed(judged_last(events)) if e["who"] == "adapter"), ""),
        "earlier": earlier(events) + unseen(judged_last(events)),
        "command": "\n".join(adapter_commands(of_kind(events, "start"))),
    }


def judged_last(events: Sequence[Event]) -> list[Event]:
    """The verdicts since the run was last started: earlier ones judged an adapter that was overwritten."""
    last = max(i for i, e in enumerate(events) if e["event"] == "start")
    return of_kind(events[last:], "judged")


def earlier(events: Sequence[Event]) -> str:
    """A sentence on the verdicts before the last start, if there are any."""
    last = judged_last(events)
    before = [e for e in of_kind(events, "judged") if e["who"] == "adapter" and not any(e is j for j in last)]
    steps = of_kind(events, "start")[0]["steps"]
    return "".join(f"After {steps:,} steps it had passed {e['passed']} of {e['asked']}." for e in before[-1:])


def unseen(judged: Sequence[Event]) -> str:
    """A sentence on the exercises that are kept out of training, if questions on them were asked."""
    found = [e["unseen"] for e in judged if e["who"] == "adapter" and "unseen" in e]
    return "".join(f"Of {u['asked']} questions on exercises that it never saw, it passed {u['passed']}." for u in found)


def adapter_commands(starts: Sequence[Event]) -> list[str]:
    """The commands that make the adapter again: two for a run that was extended after its decay, and decayed twice."""
    flags = ("method", "steps", "batch", "rate", "seed")
    calls = [" ".join(f"--{flag} {s[flag]}" for flag in flags) for s in starts]
    return [f"python scripts/model/train_adapters.py {call}" for call in dict.fromkeys(calls)]
