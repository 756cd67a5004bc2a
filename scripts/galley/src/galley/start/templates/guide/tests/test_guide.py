"""The pages show what their code prints: every cell runs again, every record is true, and the site builds."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[1]
GALLEY = str(Path(sysconfig.get_path("scripts"), "galley"))


def ends_well(*words: str) -> None:
    """Run a command in the guide's folder."""
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_cell_prints_what_its_record_says_and_every_claim_holds() -> None:
    ends_well(GALLEY, "test")


def test_every_record_is_true_of_its_code() -> None:
    ends_well(GALLEY, "check")


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    ends_well(sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path))
