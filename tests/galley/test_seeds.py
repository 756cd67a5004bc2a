"""A page starts from fixed seeds in any guide; its own seeds win."""

from __future__ import annotations

import random

import pytest

from guide_folder import SETTINGS, GuideFolder

DRAWS = """\
# %% one
import random
print(random.random(), random.random())
"""


def drawn(folder: GuideFolder) -> str:
    """What the page `page` prints, at two runs."""
    found = []
    for _ in range(2):
        assert not folder.run(everything=True).failures
        found.append(folder.output("page", "one.stdout.txt"))
    assert found[0] == found[1]
    return found[0]


def expected(seed: int) -> str:
    """The first two numbers that follow a seed."""
    generator = random.Random(seed)
    return f"{generator.random()} {generator.random()}\n"


@pytest.mark.parametrize("imports", ["", 'imports = ["random"]\n'])
def test_random_is_seeded_whoever_imports_it(folder: GuideFolder, imports: str) -> None:
    folder.write("pyproject.toml", SETTINGS.replace("[tool.galley]\n", f"[tool.galley]\n{imports}"))
    folder.snippet("page", DRAWS)
    assert drawn(folder) == expected(0)


def test_the_seed_of_the_page_wins(folder: GuideFolder) -> None:
    folder.snippet("page", DRAWS.replace("print", "random.seed(7)\nprint"))
    assert drawn(folder) == expected(7)


def test_the_seed_of_the_hook_wins_and_the_next_page_is_not_moved_by_the_one_before(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", f'{SETTINGS}[tool.galley.hooks]\nsetup = "helper:setup"\n')
    folder.write("snippets/helper.py", "import random\ndef setup(context):\n    random.seed(3)\n")
    folder.snippet("page", DRAWS)
    folder.snippet("other", DRAWS)
    assert drawn(folder) == expected(3)
    assert folder.output("other", "one.stdout.txt") == expected(3)


# Stands for numpy where that is not installed: a package whose `random` is imported late, by a function.
LATE = {
    "numpy/__init__.py": "def draw():\n    import numpy.random\n    return numpy.random.shared.random()\n",
    "numpy/random.py": "from random import Random\nshared = Random()\nseed = shared.seed\n",
}


def test_numpy_is_seeded_when_it_comes_also_in_the_middle_of_a_statement(folder: GuideFolder) -> None:
    for path, text in LATE.items():
        folder.write(f"snippets/{path}", text)
    folder.snippet("page", "# %% one\nimport numpy\nprint(numpy.draw(), numpy.draw())\n")
    assert drawn(folder) == expected(0)


def test_the_real_numpy_is_seeded(folder: GuideFolder) -> None:
    numpy = pytest.importorskip("numpy")
    folder.snippet("page", "# %% one\nimport numpy as np\nprint(*np.random.random(2).tolist())\n")
    generator = numpy.random.RandomState(0)
    assert drawn(folder) == f"{generator.random()} {generator.random()}\n"


def test_a_module_that_is_looked_for_in_vain_and_found_later_is_seeded_then(folder: GuideFolder) -> None:
    code = "import pathlib, sys\ntry:\n    import numpy.random\nexcept ImportError:\n    print('absent')\n"
    path = "sys.path.insert(0, '.')\npathlib.Path('numpy').mkdir()\n"
    write = "".join(f"_ = pathlib.Path('{name}').write_text({text!r})\n" for name, text in LATE.items())
    block = (
        "sys.meta_path[:] = [each for each in sys.meta_path]\nsys.path[:] = [p for p in sys.path if 'site-' not in p]\n"
    )
    use = "import importlib\nimportlib.invalidate_caches()\nimport numpy\nprint(numpy.draw(), numpy.draw())\n"
    folder.snippet("page", f"# %% one\nimport sys\n{block}{code}{path}{write}{use}")
    assert drawn(folder) == f"absent\n{expected(0)}"
