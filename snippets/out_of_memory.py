"""The code of the page "CUDA out of memory"."""

# %% quiet [setup]
import warnings

warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

# %% mend
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("models/stdlib-coder")
model = AutoModelForCausalLM.from_pretrained(
    "models/stdlib-coder", dtype=torch.bfloat16
)
with torch.inference_mode():  # where nothing is trained
    logits = model(**tokenizer("a = 1", return_tensors="pt")).logits

# %% mended
whole = AutoModelForCausalLM.from_pretrained("models/stdlib-coder", dtype=torch.float32)
print(f"float32  {whole.get_memory_footprint():>12,} bytes")
print(f"bfloat16 {model.get_memory_footprint():>12,} bytes")
assert model.get_memory_footprint() < 0.51 * whole.get_memory_footprint()
assert logits.grad_fn is None

# %% train
from peft import LoraConfig, get_peft_model

base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
lora = LoraConfig(target_modules=["c_attn"], task_type="CAUSAL_LM")
model = get_peft_model(base, lora).train()
model.activation_checkpointing_enable()


# %% trained
ids = torch.arange(128).unsqueeze(0)


def kept(model):
    """The bytes that a step keeps for its gradients, beside the model's own weights."""
    weights, found = {each.data_ptr() for each in model.parameters()}, {}

    def note(tensor):
        if tensor.data_ptr() not in weights:
            found[tensor.data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        loss = model(ids, labels=ids).loss
    loss.backward()
    return sum(found.values())


fewer = kept(model)
model.activation_checkpointing_disable()
all_of_them = kept(model)
print(f"with checkpointing    {fewer:>12,} bytes")
print(f"without checkpointing {all_of_them:>12,} bytes")
assert fewer < all_of_them

# %% raised raises="RuntimeError"
torch.empty(2**50)

# %% older-name-warns [claim]
"""The older name, `gradient_checkpointing_enable`, still works, and warns that it will be
removed."""
base = AutoModelForCausalLM.from_pretrained("models/stdlib-coder")
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    base.gradient_checkpointing_enable()
assert base.is_activation_checkpointing
messages = [str(each.message) for each in said]
assert len(messages) == 1
assert messages[0].endswith("Use `activation_checkpointing_enable` instead.")

# %% no-cache-meanwhile [claim]
"""A model in training that recomputes its activations keeps no cache."""
base.train()
assert base(ids, use_cache=True).cache is None
base.eval()
assert base(ids, use_cache=True).cache.get_seq_length() == ids.shape[1]
