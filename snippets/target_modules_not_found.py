"""The code of the page "Target modules … not found in the base model"."""

# %% quiet [setup]
import warnings

warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

# %% mend
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
lora = LoraConfig(target_modules="all-linear", task_type="CAUSAL_LM")
model = get_peft_model(base, lora)

# %% mended
print(*model.targeted_module_names, sep="\n")

# %% all-but-the-last [claim]
"""`"all-linear"` takes every linear layer but the one that gives the output."""
import torch

plain = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
linear = {n for n, m in plain.named_modules() if type(m) is torch.nn.Linear}
assert "lm_head" in linear
assert set(model.targeted_module_names) == linear - {"lm_head"}

# %% names
base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
for name, module in base.transformer.h[0].named_modules():
    if hasattr(module, "weight") and module.weight.dim() == 2:
        print(name)

# %% raised raises="NoMatchingPeftModuleError"
get_peft_model(base, LoraConfig(target_modules=["q_proj", "v_proj"]))

# %% names-end-so [claim]
"""A list names the ends of modules' names, whole words between dots. A text in place of a list is
a pattern for the whole name."""


def found(target):
    base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
    names = get_peft_model(
        base, LoraConfig(target_modules=target)
    ).targeted_module_names
    return {name.removeprefix("transformer.h.0.") for name in names if ".h.0." in name}


assert found(["c_proj"]) == {"attn.c_proj", "mlp.c_proj"}
assert found(["attn.c_proj"]) == {"attn.c_proj"}
assert found(".*attn.c_proj") == {"attn.c_proj"}
for wrong in (["proj"], "c_proj"):
    try:
        said = str(found(wrong))
    except ValueError as error:
        said = str(error)
    assert said.endswith("Please check the target modules and try again.")
