"""The code of the page "Start": what the outputs of this guide ran on."""

# %% ran-on
import platform
from importlib.metadata import version

import torch

print("Python      ", platform.python_version())
for package in ("torch", "transformers", "peft"):
    print(f"{package:<12}", version(package))
print("threads     ", torch.get_num_threads())
print(
    "GPU         ",
    torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
)
