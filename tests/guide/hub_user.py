"""Someone who downloads models: a guide, a cache, perhaps a token, and the hub on 127.0.0.1 that they talk to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from guide_folder import GuideFolder
from hub_server import Hub

HOOKS = """\
[tool.galley.hooks]
prepare = "plugin.hooks:prepare"
setup = "loading.page:setup"
summarise = "plugin.hooks:summarise"
brief = "plugin.hooks:brief"
explain = "loading.page:explain"
provenance = "loading.page:provenance"
"""  # of this guide, in a guide of the tests that loads models as this one does
ATTEMPTS = """
import json, os
from loading.catalogue import Model, ModelError
from loading.downloads import prepare
from loading.pins import ask, pin

def attempt(asked, token):
    os.environ["HF_TOKEN"] = token
    try:
        return asked()
    except ModelError as error:
        return str(error)

print(json.dumps([{attempts}]))
"""


@dataclass
class User:
    """Someone with a guide, a cache and perhaps a token, and the hub that they talk to."""

    hub: Hub
    folder: GuideFolder
    home: Path

    def python(self, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run code beside the guide's snippets."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
        environment = {**kept, "HF_ENDPOINT": self.hub.endpoint, "HF_HOME": str(self.home), **variables}
        return subprocess.run(
            [sys.executable, "-c", code], cwd=self.folder.root / "snippets", env=environment, capture_output=True,
            text=True, check=False,
        )  # fmt: skip

    def prepare(self, *tokens: str, **variables: str) -> list[str]:
        """For each token in turn, the folder that pages would read, or the sentence that says why not."""
        asked = "prepare('hub', {'m': 'acme/base'})['HF_HUB_CACHE']"
        return self.said(*((asked, token) for token in tokens or ("",)), **variables)

    def said(self, *cases: tuple[str, str], **variables: str) -> list[str]:
        """For each expression and token, its value, or what its ModelError says: one process for all of them."""
        attempts = [f"attempt(lambda: {expression}, {token!r})" for expression, token in cases]
        done = self.python(ATTEMPTS.format(attempts=", ".join(attempts)), **variables)
        assert done.returncode == 0, done.stderr
        found: list[str] = json.loads(done.stdout)
        return found

    @property
    def catalogue(self) -> Path:
        return self.folder.root / "snippets" / "models" / "catalogue.toml"
