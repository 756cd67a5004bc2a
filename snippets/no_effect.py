"""The code of the page "Why has my adapter no effect?"."""

# %% quiet [setup]
import warnings

warnings.simplefilter("always")
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")
warnings.formatwarning = lambda text, kind, *_, **__: (
    f"{kind.__name__}: {text!s:.80}…\n"
)

# %% load
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

checkpoint = "models/stdlib-coder"
adapter = f"{checkpoint}/adapters/lora"


def fresh():
    return AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")


question = "Question: Please write a function in Python that performs bubble sort."
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
inputs = tokenizer(f"{question}\n\nAnswer:", return_tensors="pt")
base = fresh()
with torch.no_grad():
    before = base(**inputs).logits  # before anything is wrapped
model = PeftModel.from_pretrained(base, adapter)

# %% look
from peft.tuners.tuners_utils import BaseTunerLayer


def look(model, inputs, before):
    parts = [part for part in model.modules() if isinstance(part, BaseTunerLayer)]
    on = {n for p in parts if not p.disable_adapters for n in p.active_adapters}
    weights = [(n, w) for n, w in model.named_parameters() if "lora_B" in n]
    filled = {n.split(".")[-2] for n, w in weights if w.any()}
    with torch.no_grad():
        moved = (model(**inputs).logits - before).abs().max()
    names = {"filled": " ".join(sorted(filled)), "active": " ".join(sorted(on))}
    return {"layers": len(parts), **names, "moves a logit by": f"{moved:.1f}"}


seen = {"as it should be": look(model, inputs, before)}
seen["as it should be"]

# %% another-object
model = PeftModel.from_pretrained(base, adapter)
model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32").to("cpu")
seen["loaded again"] = look(model, inputs, before)
seen["loaded again"]

# %% loaded-again-is-plain [claim]
"""Transformers' `from_pretrained` makes a new model at each call. No adapter that was
loaded before is in it."""
assert model is not base
assert not any(isinstance(part, BaseTunerLayer) for part in model.modules())
assert torch.equal(model(**inputs).logits, before)

# %% switched-off
model = PeftModel.from_pretrained(fresh(), adapter)
model.base_model.disable_adapter_layers()
seen["switched off"] = look(model, inputs, before)
seen["switched off"]

# %% off-stays-off [claim]
"""An adapter that was switched off stays off when `set_adapter` chooses it.
`enable_adapter_layers` switches it on, and makes it trainable."""
model.set_adapter("default", inference_mode=True)
assert torch.equal(model(**inputs).logits, before)
model.base_model.enable_adapter_layers()
assert not torch.allclose(model(**inputs).logits, before, atol=1)
assert model.get_nb_trainable_parameters()[0] > 0

# %% not-active
lora = LoraConfig(target_modules=["c_attn"], task_type="CAUSAL_LM")
model = get_peft_model(fresh(), lora)
model.load_adapter(adapter, adapter_name="trained")
seen["not active"] = look(model, inputs, before)
seen["not active"]

# %% loading-activates-nothing [claim]
"""`load_adapter` leaves active what was active: here a new adapter, which changes nothing.
After `set_adapter` the loaded one answers."""
assert model.active_adapters == ["default"]
assert torch.equal(model(**inputs).logits, before)
model.set_adapter("trained", inference_mode=True)
right = PeftModel.from_pretrained(fresh(), adapter)(**inputs).logits
assert torch.equal(model(**inputs).logits, right)


# %% another-form
def answer(prompt):
    given = tokenizer(prompt, return_tensors="pt")
    out = model.generate(**given, do_sample=False, max_new_tokens=120, pad_token_id=0)
    return tokenizer.decode(out[0, given.input_ids.shape[1] :])


answers = {end: answer(f"{question}\n\n{end}") for end in ("Answer:", "Answer: ")}
for end, said in answers.items():
    print(repr(end), "→", repr(said[:40]))

# %% blank-breaks-the-code [claim]
"""Asked in the form of its training, the adapter answers with code. With one blank at the
end of the prompt, what it answers is no longer Python."""
import ast


def parses(code):
    try:
        return bool(ast.parse(code.removesuffix(tokenizer.eos_token)).body)
    except SyntaxError:
        return False


assert parses(answers["Answer:"])
assert not parses(answers["Answer: "])

# %% wrapped-twice
wrapped = get_peft_model(fresh(), lora)
model = PeftModel.from_pretrained(wrapped, adapter)  # load onto `fresh()` instead
seen["wrapped twice"] = look(model, inputs, before)
seen["wrapped twice"]

# %% twice-is-base [claim]
"""Loaded onto a wrapped model, an adapter is looked for under names that begin twice with
`base_model.model.`. None is found, and the logits are the base model's to the last bit."""
assert torch.equal(model(**inputs).logits, before)
with warnings.catch_warnings(record=True) as said:
    PeftModel.from_pretrained(get_peft_model(fresh(), lora), adapter)
missing = [str(each.message) for each in said if "missing adapter" in str(each.message)]
assert "'base_model.model.base_model.model.transformer.h.0" in missing[0]

# %% saved-after-merge
model = PeftModel.from_pretrained(fresh(), adapter)
merged = model.merge_and_unload()
model.save_pretrained("wrapper")  # not what merge_and_unload returned
model = PeftModel.from_pretrained(fresh(), "wrapper")
seen["saved after a merge"] = look(model, inputs, before)
seen["saved after a merge"]

# %% wrapper-saves-nothing [claim]
"""After `merge_and_unload` the wrapper saves a file without a single weight, and no warning
is given. What the call returned saves the merged model."""
from safetensors.torch import load_file

model = PeftModel.from_pretrained(fresh(), adapter)
merged = model.merge_and_unload()
with warnings.catch_warnings(record=True) as said:
    model.save_pretrained("wrapper")
assert load_file("wrapper/adapter_model.safetensors") == {}
assert not said
merged.save_pretrained("merged")
again = AutoModelForCausalLM.from_pretrained("merged", dtype="float32")
assert torch.allclose(again(**inputs).logits, right, atol=1e-3)

# %% newer
import json
from pathlib import Path

torch.manual_seed(0)
rs = LoraConfig(
    target_modules=["c_attn"], task_type="CAUSAL_LM",
    use_rslora=True, init_lora_weights=False,
)  # fmt: skip
known = get_peft_model(fresh(), rs).eval()
known.save_pretrained("newer")
file = Path("newer/adapter_config.json")
settings = json.loads(file.read_text())
settings["use_rslora_2"] = settings.pop("use_rslora")  # as a newer PEFT might call it
file.write_text(json.dumps(settings))
model = PeftModel.from_pretrained(fresh(), "newer")
for name, each in {"known": known, "ignored": model}.items():
    scale = each.get_base_model().transformer.h[0].attn.c_attn.scaling["default"]
    print(f"{name:<8} scale {scale:.2f}", look(each, inputs, before))

# %% ignored-setting-is-another-adapter [claim]
"""A setting that this PEFT does not know is left out with a warning, and the adapter is
loaded: with the same weights and, here, another scale."""
with warnings.catch_warnings(record=True) as said:
    model = PeftModel.from_pretrained(fresh(), "newer")
assert any("'use_rslora_2'" in str(each.message) for each in said)
its, other = (dict(each.named_parameters()) for each in (known, model))
assert its.keys() == other.keys()
assert all(torch.equal(its[name], other[name]) for name in its)
first, second = (
    m.get_base_model().transformer.h[0].attn.c_attn for m in (known, model)
)
assert first.scaling["default"] == rs.lora_alpha / rs.r**0.5
assert second.scaling["default"] == rs.lora_alpha / rs.r

# %% prompt-method raises="ValueError"
from peft import PromptTuningConfig

settings = PromptTuningConfig(num_virtual_tokens=8, task_type="CAUSAL_LM")
get_peft_model(fresh(), settings).save_pretrained("prompt")
PeftModel.from_pretrained(fresh(), "prompt", is_trainable=True)

# %% go-on
from peft import load_peft_weights, set_peft_model_state_dict

settings = PromptTuningConfig.from_pretrained("prompt")
settings.inference_mode = False
model = get_peft_model(fresh(), settings)
loaded = set_peft_model_state_dict(model, load_peft_weights("prompt"))
print(f"{model.get_nb_trainable_parameters()[0]:,} numbers can be trained")

# %% prompt-goes-on [claim]
"""Prompt tuning goes on so: the new adapter has the saved vectors, and a gradient
reaches them."""
model.eval()
stored = PeftModel.from_pretrained(fresh(), "prompt")
assert torch.equal(model(**inputs).logits, stored(**inputs).logits)
model(**inputs, labels=inputs.input_ids).loss.backward()
(vectors,) = (w for w in model.parameters() if w.grad is not None)
assert vectors.shape == (8, 320)

# %% p-tuning-does-not-go-on [claim]
"""P-Tuning does not: the network that makes its vectors is not in the file, and a new one
makes others of them."""
from peft import PromptEncoderConfig

settings = PromptEncoderConfig(num_virtual_tokens=8, task_type="CAUSAL_LM")
trained = get_peft_model(fresh(), settings).eval()
trained.save_pretrained("encoder")
weights = load_peft_weights("encoder")
assert {name: tuple(w.shape) for name, w in weights.items()} == {
    "prompt_embeddings": (8, 320)
}
model = get_peft_model(fresh(), settings).eval()
set_peft_model_state_dict(model, weights)
wanted = trained(**inputs).logits
stored = PeftModel.from_pretrained(fresh(), "encoder")
assert torch.allclose(stored(**inputs).logits, wanted, atol=1e-3)
assert not torch.allclose(model(**inputs).logits, wanted, atol=0.1)

# %% side-by-side [folded table]
"""What the check says of each, as it was found above."""
[{"what happened": name, **found} for name, found in seen.items()]

# %% broken [setup] fold="How they were broken"
"""This makes the three models of the exercise. Look at it when you are done."""
broken = {name: get_peft_model(fresh(), lora) for name in "abc"}
broken["a"].load_adapter(adapter, adapter_name="trained")
broken["b"] = PeftModel.from_pretrained(broken["b"], adapter)
broken["c"].load_adapter(adapter, adapter_name="trained")
broken["c"].set_adapter("trained", inference_mode=True)
broken["c"].base_model.disable_adapter_layers()


# %% exercise [table]
def check(models):
    wanted = seen["as it should be"]["moves a logit by"]
    for name, each in models.items():
        moved = look(each, inputs, before)["moves a logit by"]
        assert moved == wanted, f"{name} moves a logit by {moved}, not by {wanted}"
    print("right: all three answer")


[{"model": name, **look(each, inputs, before)} for name, each in broken.items()]

# %% solution [folded] fold="Answer: a line for each"
broken["a"].set_adapter("trained", inference_mode=True)
broken["b"] = PeftModel.from_pretrained(fresh(), adapter)
broken["c"].base_model.enable_adapter_layers()
check(broken)
