"""The code of the page "size mismatch for …"."""

# %% quiet [setup]
import warnings

warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

# %% models [setup]
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("models/stdlib-coder")
tokenizer.add_special_tokens({"pad_token": "<pad>"})
longer = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
longer.resize_token_embeddings(len(tokenizer), mean_resizing=False)
lora = LoraConfig(target_modules=["c_attn"], task_type="CAUSAL_LM")
tokenizer.save_pretrained("my-adapter")
get_peft_model(longer, lora).save_pretrained("my-adapter")

# %% mend
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("my-adapter")
base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
base.resize_token_embeddings(len(tokenizer), mean_resizing=False)
model = PeftModel.from_pretrained(base, "my-adapter")

# %% mended
print(model.get_input_embeddings().weight.shape[0], "tokens, tokenizer", len(tokenizer))
assert model.get_input_embeddings().weight.shape[0] == len(tokenizer)

# %% raised raises="RuntimeError"
base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
PeftModel.from_pretrained(base, "my-adapter")

# %% which
from peft import PeftConfig

config = PeftConfig.from_pretrained("models/stdlib-coder/adapters/lora")
print(config.base_model_name_or_path, config.r)

# %% saved-whole [claim]
"""After `resize_token_embeddings` the adapter's file holds the embeddings whole, in and out.
Of a model that was not resized it holds the adapter alone."""
from safetensors import safe_open

get_peft_model(
    AutoModelForCausalLM.from_pretrained("models/stdlib-coder"), lora
).save_pretrained("plain")
tables = {}
for folder in ("my-adapter", "plain"):
    with safe_open(f"{folder}/adapter_model.safetensors", "pt") as file:
        names = list(file.keys())
        others = {
            n.split(".")[-2]: file.get_tensor(n) for n in names if "lora_" not in n
        }
    tables[folder] = others
assert tables["plain"] == {}
assert tables["my-adapter"].keys() == {"wte", "lm_head"}
assert {len(table) for table in tables["my-adapter"].values()} == {len(tokenizer)}
