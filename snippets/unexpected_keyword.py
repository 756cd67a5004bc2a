"""The code of the page "__init__() got an unexpected keyword argument"."""

# %% quiet [setup]
import warnings

warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

# %% newer [setup]
import json
from pathlib import Path

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
lora = LoraConfig(target_modules=["c_attn"], task_type="CAUSAL_LM")
get_peft_model(base, lora).save_pretrained("my-adapter")
file = Path("my-adapter/adapter_config.json")
file.write_text(json.dumps(json.loads(file.read_text()) | {"of_a_newer_peft": None}))

# %% mend
import json
from dataclasses import fields
from pathlib import Path

from peft import LoraConfig

file = Path("my-adapter/adapter_config.json")
known = {field.name for field in fields(LoraConfig)}
settings = json.loads(file.read_text())
print("left out:", sorted(settings.keys() - known))
file.write_text(
    json.dumps({name: settings[name] for name in settings if name in known})
)

# %% mended
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
model = PeftModel.from_pretrained(base, "my-adapter")
assert "of_a_newer_peft" not in json.loads(file.read_text())
assert model.peft_config["default"].r == settings["r"]

# %% raised raises="TypeError"
LoraConfig(**settings)

# %% warned
file.write_text(json.dumps(settings))
config = LoraConfig.from_pretrained("my-adapter")

# %% warned-and-left-out [claim]
"""Read from a file, a setting that the class does not know is left out, with a warning that
names it and ends with the command that installs a newer PEFT."""
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    config = LoraConfig.from_pretrained("my-adapter")
assert not hasattr(config, "of_a_newer_peft")
messages = [str(each.message) for each in said]
assert len(messages) == 1
assert messages[0].startswith(
    "Unexpected keyword arguments ['of_a_newer_peft'] for class LoraConfig"
)
assert messages[0].endswith("(e.g. by running `pip install -U peft`).")
