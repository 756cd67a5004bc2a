"""What the first `from_pretrained` of a process imports and works out, done once before the runner forks.

It concerns code alone: the module of the architecture, and the table by which Transformers
renames weights of older checkpoints. It opens no model.
"""

import transformers.models.gpt_bigcode.modeling_gpt_bigcode
from transformers.conversion_mapping import get_checkpoint_conversion_mapping

# Transformers keeps the whole table that it builds for one architecture.
get_checkpoint_conversion_mapping("gpt_bigcode")
