"""The pages that every peer builds: N pages of CELLS cells. Nothing here depends on time or chance."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

HAZARDS = {  # one cell of the middle page is replaced by these in the qualitative cases
    "raise": "value = 1\nraise ValueError('bench says no')",
    "hang": "import time\ntime.sleep(3600)",
    "html": "print('<b>bold</b></script><script>alert(1)</script>')",
    "ansi": "print('\\033[31mred\\033[0m plain')",
    "big": "for _ in range(1000):\n    print((('x' * 99 + '\\n') * 1000)[:-1])\nprint('end')",
}


@dataclass(frozen=True)
class Page:
    """One page: its cells, and the outputs that the static build shows."""

    number: int
    cells: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def name(self) -> str:
        """The stem of its file."""
        return f"page_{self.number:04}"

    @property
    def title(self) -> str:
        """Its heading."""
        return f"Page {self.number}"


@dataclass(frozen=True)
class Workload:
    """What to build. `edit` is the number of an edit of the middle page, 0 for none."""

    name: str  # light, model, counted, leaky, or one of HAZARDS
    pages: int
    cells: int = 5
    model: str = ""  # the folder of the saved model, for `model`

    def make(self, edit: int = 0) -> list[Page]:
        """The pages, the middle one as edited."""
        return [self._page(number, edit if number == self.middle else 0) for number in range(self.pages)]

    @property
    def middle(self) -> int:
        """The number of the page that edits and hazards are about."""
        return self.pages // 2

    def _page(self, number: int, edit: int) -> Page:
        cells = WRITERS.get(self.name, light)(number, edit, self.model)
        if self.name in HAZARDS and number == self.middle:
            cells[1] = HAZARDS[self.name]
        extra = [f"print('extra {cell} of page {number}')" for cell in range(len(cells), self.cells)]
        cells = (cells + extra)[: self.cells]
        outputs = tuple(f"output of cell {cell}\nmark {mark(number, edit)}" for cell in range(len(cells)))
        return Page(number, tuple(cells), outputs)


def mark(number: int, edit: int) -> str:
    """What page `number` prints only if its third cell really ran as edited."""
    return hashlib.sha256(b"page %d edit %d" % (number, edit)).hexdigest()[:16]


def light(number: int, edit: int, _: str) -> list[str]:
    """Cells that need the standard library only."""
    n = number
    return [
        f"import math, statistics\nsquares = [n * n for n in range({n}, {n + 8})]\nprint(squares)",
        "print('mean', statistics.mean(squares), 'root', round(math.sqrt(sum(squares)), 6))",
        f"import hashlib\nmark = hashlib.sha256(b'page {n} edit {edit}').hexdigest()[:16]\nprint('mark', mark)",
        f"for word in ('alpha', 'beta', 'gamma'):\n    print(f'{{word:>8}} {{len(word) * {n}:6d}}')",
        f"import json\nprint(json.dumps({{'page': {n}, 'squares': squares[:3], 'mark': mark}}, indent=2))",
    ]


def model(number: int, edit: int, folder: str) -> list[str]:
    """Cells that import transformers and peft, load a model, generate and add a LoRA."""
    return [
        "import hashlib, torch\nfrom transformers import AutoModelForCausalLM, AutoTokenizer\n"
        f"tokenizer = AutoTokenizer.from_pretrained({folder!r})\n"
        f"model = AutoModelForCausalLM.from_pretrained({folder!r})\n"
        "print(model.config.model_type, model.config.n_layer)",
        f"batch = tokenizer('def page_{number}(self, name):', return_tensors='pt')\nprint(batch.input_ids.tolist())",
        "out = model.generate(**batch, max_new_tokens=16, do_sample=False, pad_token_id=0)\n"
        "print(out.shape[1], 'tokens')\n"
        f"print('mark', hashlib.sha256(b'page {number} edit {edit}').hexdigest()[:16])",
        "from peft import LoraConfig, get_peft_model\n"
        "lora = get_peft_model(model, LoraConfig(r=8, target_modules=['c_attn'], fan_in_fan_out=False))\n"
        "print(type(lora).__name__)",
        "print(lora.get_nb_trainable_parameters())",
    ]


def counted(number: int, edit: int, _: str) -> list[str]:
    """Light cells that also leave a line in $BENCH_RUNS, and read $BENCH_DATA, a dependency that no source names."""
    cells = light(number, edit, "")
    cells[1] += f"\nimport os, time\nopen(os.environ['BENCH_RUNS'], 'a').write('{number}\\n')\ntime.sleep(0.5)"
    cells[3] += "\nprint('data', open(os.environ['BENCH_DATA']).read())"
    return cells


def leaky(number: int, edit: int, _: str) -> list[str]:
    """Light cells that print what another page left behind, and leave something behind in every way they can."""
    cells = light(number, edit, "")
    cells[0] += (
        "\nimport builtins, json, os, random, sys\n"
        "print(getattr(builtins, 'left', 'nothing'), getattr(json, 'left', 'nothing'), os.environ.get('LEFT'))\n"
        "print(os.listdir('.'), sys.path[1:2] == ['left'], 'left' in sys.modules, sys.getrecursionlimit())"
    )
    cells[4] += (
        f"\nbuiltins.left = json.left = {number}\nos.environ['LEFT'] = sys.modules['left'] = '{number}'\n"
        f"sys.path.insert(1, 'left')\nsys.setrecursionlimit(2000 + {number})\nopen('left.txt', 'w').write('{number}')\n"
        f"random.seed({number})\nmath.pi = {number}\nprint(random.random(), hash('left'))"
    )
    return cells


WRITERS: dict[str, Callable[[int, int, str], list[str]]] = {
    "light": light,
    "model": model,
    "counted": counted,
    "leaky": leaky,
}
