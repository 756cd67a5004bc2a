"""The catalogue: what it lists, what it refuses, and how a pin is written into it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from loading.catalogue import FILE, Model, ModelError, catalogue
from loading.pins import Pin, with_pin

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def listed(tmp_path):
    """Writes a catalogue and reads it."""

    def write(text: str):
        file = tmp_path / "snippets" / "models" / "catalogue.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return catalogue(file)

    return write


def test_the_guides_own_catalogue_lists_what_its_profiles_name():
    listed = catalogue()
    settings = tomllib.loads((FILE.parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["galley"]
    for profile in settings["profiles"].values():
        listed.named_in(profile["parameters"])  # raises for a model that is not listed
    names = [model.name for model in listed.named_in(settings["profiles"]["7b"]["parameters"])]
    assert names == ["bigcode/starcoderbase-7b", "bigcode/astraios-7b-parallel"]
    assert listed.find("bigcode/starcoderbase-7b").gated
    assert listed.find("bigcode/astraios-7b-parallel").pickle == ("adapter_model.bin",)
    assert listed.named_in(settings["profiles"]["7b-cpu"]["parameters"]) == listed.named_in(
        settings["profiles"]["7b"]["parameters"]
    )
    assert listed.find("models/stdlib-coder").stands_for == "StarCoderBase-7B"


def test_reading_it_needs_neither_torch_nor_the_hub():
    code = "import sys\nfrom loading import catalogue, downloads\ncatalogue.catalogue()\n"
    code += "print({'torch', 'huggingface_hub'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=FILE.parents[1], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_model_that_is_not_listed_is_refused_with_what_to_write(listed):
    models = listed('["models/own"]\nlicence = "mit"\n')
    said = r'\'acme/x\' is not in the catalogue.*snippets/models/catalogue.toml: \["acme/x"\].*loading pin acme/x'
    with pytest.raises(ModelError, match=said):
        models.find("acme/x")
    with pytest.raises(ModelError, match=said):
        models.named_in({"checkpoint": "acme/x", "device": "cpu", "n": 3})
    with pytest.raises(ModelError, match=r'other is not in the catalogue.*\["models/NAME"\] with licence = "…"$'):
        models.at(models.file.parent / "other")


def test_a_path_into_a_listed_folder_names_no_hub_model(listed):
    models = listed('["models/own"]\nlicence = "mit"\n')
    assert models.named_in({"checkpoint": "models/own"}) == []  # the folder itself need not be there
    assert models.at(models.file.parent / "own" / "adapters" / "lora").name == "models/own"
    with pytest.raises(ModelError):
        models.at(models.file.parent / "own2")
    with pytest.raises(ModelError, match="there is no folder models/own/adapters/x in the model that is listed"):
        models.find("models/own/adapters/x")
    with pytest.raises(ModelError, match="there is no folder models/own: it is listed as a folder"):
        models.find("models/own").pinned()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '["a/b"]\nlicence = "mit"\nrevison = "x"',
            r'\["a/b"\] has no setting \'revison\'; it knows: adapter, bytes, files',
        ),
        ('["a/b"]\nrevision = "unpinned"', r'\["a/b"\] states no licence'),
        ('["a/b"]\nlicence = "mit"\nrevision = "main"', r"'main', which is no commit of 40 hex digits"),
        ('"a/b" = 3', "'a/b' is a value, not a table"),
        ('["a/b"', "catalogue.toml: "),
    ],
)
def test_a_catalogue_that_cannot_be_used_says_why(text, said, listed):
    with pytest.raises(ModelError, match=said) as caught:
        listed(text)
    assert "catalogue.toml" in str(caught.value)


def test_an_unpinned_model_does_not_load(listed):
    model = listed('["a/b"]\nlicence = "mit"\nrevision = "unpinned"\n').find("a/b")
    with pytest.raises(ModelError, match=r"a/b has no pinned revision.*python snippets/loading pin a/b"):
        model.pinned()


def test_a_changed_file_is_read_again(listed):
    assert listed('["a/b"]\nlicence = "mit"\n').find("a/b").licence == "mit"
    assert listed('["a/b"]\nlicence = "apache-2.0"\n').find("a/b").licence == "apache-2.0"


TEXT = """\
# The head.

["a/b"]
licence = "mit"
revision = "unpinned"

# About the next.
["c/d"]
licence = "mit"
revision = "unpinned"
"""


def test_a_pin_is_written_and_written_again_and_leaves_the_rest(listed):
    once = with_pin(TEXT, "a/b", Pin(COMMIT, {"model.safetensors": "sha256:1", "config.json": "git-sha1:2"}, 7))
    assert tomllib.loads(once)["a/b"] == {
        "licence": "mit",
        "revision": COMMIT,
        "bytes": 7,
        "files": {"config.json": "git-sha1:2", "model.safetensors": "sha256:1"},
    }
    assert once.startswith('# The head.\n\n["a/b"]\nlicence = "mit"\n')
    assert once.endswith('\n\n# About the next.\n["c/d"]\nlicence = "mit"\nrevision = "unpinned"\n')
    twice = with_pin(once, "a/b", Pin(COMMIT[::-1], {"config.json": "git-sha1:3"}, 8))
    assert twice == with_pin(TEXT, "a/b", Pin(COMMIT[::-1], {"config.json": "git-sha1:3"}, 8))
    both = with_pin(twice, "c/d", Pin(COMMIT, {"x.json": "git-sha1:4"}, 9))
    assert isinstance(listed(both).find("c/d"), Model)
    assert listed(both).find("a/b").files == {"config.json": "git-sha1:3"}
    assert Path(listed(both).file).read_text(encoding="utf-8") == both
