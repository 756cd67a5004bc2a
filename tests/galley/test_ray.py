"""`galley run --on ray:…`: pages on a true cluster of two machines, one of which is killed while pages run.

A cluster takes half a minute to start, and Ray is large: `make test-ray` installs it into an environment of its own and
runs this module, which is skipped where Ray is not installed.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from galley.record.move import RUN
from guide_folder import GuideFolder, command, quiet_environment

pytest.importorskip("ray", reason="Ray is not installed; `make test-ray` runs these tests")

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
CLIENTS = 23456  # the port of the cluster for clients
SETTINGS = """\
[tool.galley]
links = ["data"]
imports = ["helper"]
hooks = { prepare = "helper:prepare", provenance = "helper:said" }

[tool.galley.profiles.laptop]
required = true

[tool.galley.profiles.big]
gpus = 1

[tool.galley.profiles.big.parameters]
size = 2
"""
HELPER = """\
from pathlib import Path

def prepare(context):
    return {"MODELS": str(context.root / "models"), "TOKEN": "the same"}

def said(context):
    return {"device": "cpu"}
"""
PAGES = {
    "text": "# %% parameters\nsize = 1\n# %% one\nprint('some text', size)\n{'a': [1, 2]}\n",
    "files": (
        "# %% one\nimport os\nfrom pathlib import Path\nprint(Path('data/words.txt').read_text())\n"
        "root = Path(__file__).parent.parent\nprint(sorted(each.name for each in root.iterdir()))\n"
        "print((root / 'docs').exists(), (root / 'absent.txt').exists())\n"
        "try:\n    open(root / 'absent.txt')\nexcept OSError as error:\n    print(error)\n"
    ),
    "modules": "# %% one\nimport other, sys\nprint(other.word, __file__, sys.argv, sys.executable)\n",
    "variables": "# %% one\nfrom os import environ, getcwd\nprint(environ['MODELS'], environ['TOKEN'], getcwd())\n",
    "raising": "# %% one raises='ValueError'\nimport warnings\nwarnings.warn('so')\nint('a')\n",
    "timed": "# %% one [measured]\nprint('5 ms')\n",
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster of two machines with one processor each; it takes clients, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 1, "include_dashboard": False, "ray_client_server_port": CLIENTS}
        made = Cluster(initialize_head=True, head_node_args=head)
        made.add_node(num_cpus=1)
        yield made
        made.shutdown()


def guide(folder: Path) -> GuideFolder:
    """A guide with a page of each kind that could see where it runs."""
    made = GuideFolder.make(folder, SETTINGS)
    made.write("snippets/helper.py", HELPER)
    made.write("snippets/other.py", "word = 'from a module'\n")
    made.write("snippets/data/words.txt", "words\n")
    made.write(".gitignore", "ignored.txt\n")
    made.write("ignored.txt", "a file that git does not know\n")
    (made.root / ".git").mkdir()
    for name, text in PAGES.items():
        made.snippet(name, text.replace("raises='ValueError'", 'raises="ValueError"'))
    return made


def galley(folder: GuideFolder, *words: str) -> subprocess.Popen[str]:
    """A galley command in a process of its own, whose lines can be read as they come."""
    variables = quiet_environment(RAY_USAGE_STATS_ENABLED="0")
    how: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen([command("galley"), *words], cwd=folder.root, env=variables, **how)


def ended(folder: GuideFolder, *words: str) -> tuple[int, str]:
    """The exit code of a command and what it said."""
    with galley(folder, *words) as process:
        said, _ = process.communicate(timeout=240)
        return process.returncode, said


def claimed(folder: GuideFolder) -> dict[str, bytes]:
    """The files of all records, without what another run says otherwise."""
    return {name: data for name, (data, _) in folder.recorded().items() if not name.endswith(RUN)}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """The guide, recorded by this machine alone."""
    made = guide(tmp_path_factory.mktemp("local"))
    code, said = ended(made, "run")
    assert code == 0, said
    return made


def test_records_are_byte_for_byte_those_of_a_run_on_this_machine(
    cluster: Any, local: GuideFolder, tmp_path: Path
) -> None:
    made = guide(tmp_path)
    code, said = ended(made, "run", "--on", f"ray:{cluster.address}")
    assert code == 0, said
    assert "ray: 2 machines\n" in said
    assert claimed(made) == claimed(local)
    assert len(claimed(made)) > len(PAGES)
    code, said = ended(made, "check")
    assert code == 0, said
    code, said = ended(made, "test", "--on", f"ray:{cluster.address}")
    assert said.count("same outputs") == len(PAGES), said


def test_a_client_outside_of_the_cluster_and_pages_that_fail(cluster: Any, local: GuideFolder, tmp_path: Path) -> None:
    made = guide(tmp_path)
    made.snippet("broken", "# %% one\nx = 1\nassert str(x) == '2'\n# %% two\nprint(y)\n")
    code, said = ended(made, "run", "--keep-going", "--on", f"ray://127.0.0.1:{CLIENTS}")
    assert code == 4, said
    assert "snippets/broken.py:3: page broken (laptop) in cell one: AssertionError" in said
    assert "    str(x) = '1'\n" in said
    assert "snippets/broken.py:5: page broken (laptop) in cell two: NameError" in said
    assert "_ray_pkg" not in said
    assert f'File "{made.root}/snippets/broken.py", line 3' in said
    assert claimed(made) == claimed(local)


def test_a_machine_that_is_killed_loses_no_page_and_none_is_recorded_twice(cluster: Any, tmp_path: Path) -> None:
    made = GuideFolder.make(tmp_path)
    names = [f"page_{number}" for number in range(10)]
    for name in names:
        made.snippet(name, f"# %% one\nimport time\ntime.sleep(1.5)\nprint({name!r})\n")
    node = cluster.add_node(num_cpus=2)
    with galley(made, "run", "--on", f"ray:{cluster.address}") as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "[2/10]" in line:
                cluster.remove_node(node, allow_graceful=False)
        assert process.wait(60) == 0, "".join(said)
    text = "".join(said)
    assert re.findall(r"^\[(\d+)/10\]", text, re.MULTILINE) == [str(number) for number in range(1, 11)]
    for name in names:
        assert text.count(f"] {name.replace('_', '-')} (laptop): recorded") == 1
        assert made.output(name.replace("_", "-"), "one.stdout.txt") == f"{name}\n"
    # Ray may take half a minute to say that the machine is gone, and the pages were told at once.
    told = r"ray: 3 machines(?:, of which 1 went away)?; [1-9]\d* pages? ran again elsewhere \([1-9]\d* × \w*DiedError"
    assert re.search(told, text), text
    assert ended(made, "check")[0] == 0


def test_what_no_machine_has_is_told(cluster: Any, tmp_path: Path) -> None:
    made = guide(tmp_path)
    code, said = ended(made, "run", "text", "-p", "big", "--on", f"ray:{cluster.address}")
    assert code == 6, said
    assert "profile big asks for 1 GPUs, and no machine of the cluster has as many\n" in said
    assert "pyproject.toml:10" in said


def test_a_machine_where_a_profile_cannot_run_fails_its_pages_alone(cluster: Any, tmp_path: Path) -> None:
    made = guide(tmp_path)
    made.write(
        "snippets/helper.py",
        HELPER.replace('    return {"MODELS"', '    raise Wrong("nothing is there")\n    return {"MODELS"')
        + "\nclass Wrong(Exception): pass\n",
    )
    code, said = ended(made, "run", "text", "--on", f"ray:{cluster.address}")
    assert code == 4, said
    assert "profile laptop cannot run: nothing is there" in said


def test_an_address_where_nobody_answers_is_told(tmp_path: Path) -> None:
    made = guide(tmp_path)
    code, said = ended(made, "run", "text", "--on", "ray://127.0.0.1:1")
    assert code == 6, said
    assert "no cluster of Ray answers at ray://127.0.0.1:1: " in said
    assert "see whether the cluster runs" in said


def test_a_cluster_of_this_machine_alone(local: GuideFolder, tmp_path: Path) -> None:
    made = guide(tmp_path)
    code, said = ended(made, "run", "--on", "ray")
    assert code == 0, said
    assert "ray: 1 machine\n" in said
    assert claimed(made) == claimed(local)
