"""The code of the page "Eight bits, four bits, QLoRA": bytes, losses, training and merging."""

# %% load
import logging
import warnings

import torch
from peft import LoraConfig, PeftModel, get_peft_model, prepare_model_for_kbit_training
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

# PEFT asks Transformers for a name that has been replaced: the deep dive shows it.
warnings.filterwarnings("ignore", message=".*gradient_checkpointing")
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # a line for each layer

checkpoint, adapter = "models/stdlib-coder", "models/stdlib-coder/adapters/lora"
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
FORMS = {
    "float32": dict(dtype="float32"),
    "bfloat16": dict(dtype="bfloat16"),
    "8 bits": dict(dtype="float32", quantization_config=BitsAndBytesConfig(load_in_8bit=True)),
    "4 bits": dict(
        dtype="float32",
        quantization_config=BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype="float32"
        ),
    ),
}  # fmt: skip


def base_in(form):
    return AutoModelForCausalLM.from_pretrained(checkpoint, **FORMS[form])


# %% bytes
bases = {form: base_in(form) for form in FORMS}
for form, base in bases.items():
    layers = sum(
        module.weight.nbytes
        for name, module in base.named_modules()
        if "Linear" in type(module).__name__ and name != "lm_head"
    )
    tables = (base.transformer.wte, base.transformer.wpe)
    embeddings = sum(each.weight.nbytes for each in tables)
    total = base.get_memory_footprint()
    print(
        f"{form:<9}{total / 1e6:5.1f} MB: linear layers {layers / 1e6:4.1f} MB, "
        f"embeddings {embeddings / 1e6:.1f} MB"
    )

# %% linear-alone [claim]
"""The linear layers are quantised, and nothing else: not `lm_head`, not the embeddings, not
the normalisations."""
from bitsandbytes.nn import Linear4bit, Linear8bitLt

for form, quantised in (("8 bits", Linear8bitLt), ("4 bits", Linear4bit)):
    found = {n for n, m in bases[form].named_modules() if isinstance(m, quantised)}
    linear = {
        n for n, m in bases["float32"].named_modules() if type(m) is torch.nn.Linear
    }
    assert found == linear - {"lm_head"}
    assert bases[form].get_input_embeddings().weight.dtype == torch.float32

# %% half-a-byte [claim]
"""In nf4 two weights share a byte, and each block of 64 weights has a scale of its own, in
float32."""
name = "transformer.h.0.mlp.c_fc"
plain, packed = (bases[f].get_submodule(name).weight for f in ("float32", "4 bits"))
assert packed.dtype == torch.uint8
assert packed.numel() == plain.numel() // 2
scales = packed.quant_state.absmax
assert scales.dtype == torch.float32
assert scales.numel() == plain.numel() // 64

# %% quality [table] by_processor="in 4 bits bitsandbytes computes in bfloat16 where the processor can"
"""The guide's LoRA adapter on each base: the loss of a right answer, the mean distance of the
logits from those in float32, and whether the model's own answer sorts."""
question = (
    "Question: Please write a function in Python that performs bubble sort.\n\nAnswer:"
)
inputs = tokenizer(question, return_tensors="pt")
right = """
def bubble_sort(numbers):
    n = len(numbers)
    for i in range(n):
        for j in range(n - i - 1):
            if numbers[j] > numbers[j + 1]:
                numbers[j], numbers[j + 1] = numbers[j + 1], numbers[j]
    return numbers
"""
whole = tokenizer(question + right, return_tensors="pt")
labels = whole["input_ids"].clone()
labels[:, : inputs["input_ids"].shape[1]] = -100


def sorts(model):
    settings = dict(do_sample=False, max_new_tokens=110, pad_token_id=0)
    out = model.generate(**inputs, **settings)[0, inputs["input_ids"].shape[1] :]
    answer = {}
    try:
        exec(tokenizer.decode(out, skip_special_tokens=True), answer)
        return answer["bubble_sort"]([3, 1, 2]) == [1, 2, 3]
    except Exception:
        return False


rows, logits = [], {}
for form, base in bases.items():
    model = PeftModel.from_pretrained(base, adapter)
    with torch.no_grad():
        out = model(**whole, labels=labels)
    logits[form] = out.logits.float()
    gap = (logits[form] - logits["float32"]).abs().mean().item()
    row = {"base": form, "loss": f"{out.loss.item():.2f}", "distance": f"{gap:.2f}"}
    rows.append(row | {"sorts": "yes" if sorts(model) else "no"})
rows

# %% passes [table] timeout="240" by_processor="in 4 bits bitsandbytes computes in bfloat16 where the processor can"
"""pass@1 of the adapter on each base: the likeliest answer to each of forty tasks."""
from pass_at_k import ask, by_chance, read_tasks, verdicts, wilson

tasks = read_tasks("models/tasks.jsonl")
prompts = [task["prompt"] for task in tasks]
left = AutoTokenizer.from_pretrained(checkpoint, padding_side="left")
left.pad_token = left.eos_token
rows, passed = [], {}
for form in FORMS:
    model = PeftModel.from_pretrained(base_in(form), adapter)
    passed[form] = [one for (one,) in verdicts(ask(model, left, prompts), tasks)]
    share, (low, high) = (
        sum(passed[form]) / len(tasks),
        wilson(sum(passed[form]), len(tasks)),
    )
    rows.append(
        {
            "base": form,
            "pass@1": f"{share:.0%}",
            "95 % interval": f"{low:.0%}–{high:.0%}",
        }
    )
rows

# %% forty-cannot-tell [claim]
"""On these tasks no form is apart from float32: the tasks that one wins against the other are
as many as chance would make."""
chances = {}
for form in ("bfloat16", "8 bits", "4 bits"):
    pairs = list(zip(passed["float32"], passed[form], strict=True))
    lost = sum(whole and not small for whole, small in pairs)
    won = sum(small and not whole for whole, small in pairs)
    chances[form] = by_chance(won, lost)
assert min(chances.values()) > 0.05

# %% prepare
again = dict(use_reentrant=False)  # the form that PyTorch recommends
quantised = prepare_model_for_kbit_training(
    base_in("4 bits"), gradient_checkpointing_kwargs=again
)
torch.manual_seed(0)
config = LoraConfig(
    r=8, lora_alpha=16, target_modules=["c_attn", "c_proj"], task_type="CAUSAL_LM"
)
student = get_peft_model(quantised, config)
student.print_trainable_parameters()

# %% prepared [claim]
"""`prepare_model_for_kbit_training` freezes the base, turns what is not quantised into
float32, and switches activation checkpointing on. The adapter is float32."""
sixteen = FORMS["4 bits"] | {"dtype": "bfloat16"}
base = AutoModelForCausalLM.from_pretrained(checkpoint, **sixteen)
assert base.get_input_embeddings().weight.dtype == torch.bfloat16
base = prepare_model_for_kbit_training(base, gradient_checkpointing_kwargs=again)
assert base.get_input_embeddings().weight.dtype == torch.float32
assert not any(weight.requires_grad for weight in base.parameters())
assert base.transformer.h[0].gradient_checkpointing
trained = [w for w in student.parameters() if w.requires_grad]
assert all(weight.dtype == torch.float32 for weight in trained)

# %% train
word = "What does self.size hold?"
text = f"Question: {word}\n\nAnswer:\nreturn checked(self.size)\n"
batch = tokenizer(text + tokenizer.eos_token, return_tensors="pt")
before = {n: w.clone() for n, w in student.named_parameters() if w.dtype == torch.uint8}
# for a model of 6 million weights; a larger one wants less
optimizer = torch.optim.AdamW(trained, lr=5e-3)
student.train()
losses = []
for _ in range(8):
    loss = student(**batch, labels=batch["input_ids"]).loss
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    losses.append(loss.item())
print("loss", *(f"{loss:.1f}" for loss in losses))

# %% base-stays-packed [claim]
"""Training a LoRA adapter on a 4-bit base lowers the loss, and leaves every packed byte of
the base as it was."""
assert losses[-1] < losses[0] / 2
assert before
now = dict(student.named_parameters())
assert all(torch.equal(weight, now[name]) for name, weight in before.items())


# %% trainer-wants-an-adapter [claim] timeout="60"
"""The Trainer takes a quantised base with an adapter on it, and refuses the base alone."""
from transformers import Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback

settings = TrainingArguments(
    "run",
    max_steps=1,
    report_to="none",
    save_strategy="no",
    disable_tqdm=True,
    dataloader_pin_memory=False,
)
pairs = [
    {name: row[0] for name, row in batch.items()} | {"labels": batch["input_ids"][0]}
]
was = [weight.detach().clone() for weight in trained]
trainer = Trainer(student, settings, train_dataset=pairs)
trainer.remove_callback(PrinterCallback)
trainer.train()
assert not all(map(torch.equal, was, trained))
refused = "nothing"
try:
    Trainer(base_in("4 bits"), settings, train_dataset=pairs)
except ValueError as error:
    refused = str(error)
assert "attach trainable adapters" in refused


# %% merge by_processor="in 4 bits bitsandbytes computes in bfloat16 where the processor can"
def distance(some):
    with torch.no_grad():
        return (some(**whole).logits.float() - logits["float32"]).abs().mean().item()


with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    merged = PeftModel.from_pretrained(base_in("4 bits"), adapter).merge_and_unload()
print(*{str(each.message) for each in said if "Merge" in str(each.message)})
print(f"merged into 4 bits: distance {distance(merged):.1f}, sorts: {sorts(merged)}")
wide = PeftModel.from_pretrained(base_in("float32"), adapter).merge_and_unload()
wide.save_pretrained("merged")
small = AutoModelForCausalLM.from_pretrained("merged", **FORMS["4 bits"])
print(f"merged, then 4 bits: distance {distance(small):.1f}, sorts: {sorts(small)}")

# %% merge-quantises-again [claim]
"""`merge_and_unload` into a 4-bit base quantises again: each layer is unpacked, the adapter
is added, and the sum is rounded to 4 bits anew."""
import bitsandbytes.functional as four_bits

base = base_in("4 bits")
layer = base.get_submodule("transformer.h.0.attn.c_attn")
unpacked = four_bits.dequantize_4bit(layer.weight.data, layer.weight.quant_state)
model = PeftModel.from_pretrained(base, adapter)
delta = model.get_base_model().get_submodule("transformer.h.0.attn.c_attn")
summed = unpacked + delta.get_delta_weight("default")
again = model.merge_and_unload().get_submodule("transformer.h.0.attn.c_attn").weight
found = four_bits.dequantize_4bit(again.data, again.quant_state)
expected, state = four_bits.quantize_4bit(summed.detach(), quant_type="nf4")
torch.testing.assert_close(found, four_bits.dequantize_4bit(expected, state))
assert (found - summed).abs().max() > 1e-3

# %% asked-first by_processor="only processors with AVX-512 BF16 pack the weights anew"
model = PeftModel.from_pretrained(base_in("4 bits"), adapter)
distance(model)  # it has computed something
layer = model.get_base_model().get_submodule("transformer.h.0.attn.c_attn.base_layer")
anew = getattr(layer.weight.quant_state, "packing_format_for_cpu", False)
late = model.merge_and_unload()
print("packed anew for this processor:", anew)
print(f"merged after that: distance {distance(late):.1f}, sorts: {sorts(late)}")


# %% exercise
def check(bytes_for_one_weight):
    """Compare with what the 4-bit form of a layer of this page takes."""
    taken = packed.nbytes + scales.nbytes
    assert bytes_for_one_weight == taken / plain.numel(), "count the scales, too"
    print(f"right: {7e9 * bytes_for_one_weight / 1e9:.1f} GB for 7 billion weights")


# %% answer [setup] fold="Answer: bytes of a weight"
check(1 / 2 + 4 / 64)
