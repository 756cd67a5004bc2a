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
print(model.targeted_module_names)
assert len(model.targeted_module_names) == 4 * base.config.n_layer
assert not any("lm_head" in name for name in model.targeted_module_names)

# %% names
base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
for name, module in base.transformer.h[0].named_modules():
    if hasattr(module, "weight") and module.weight.dim() == 2:
        print(name)

# %% raised raises="NoMatchingPeftModuleError"
get_peft_model(base, LoraConfig(target_modules=["q_proj", "v_proj"]))
