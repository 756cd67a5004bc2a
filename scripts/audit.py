"""Ask for known vulnerabilities of every pinned version: python scripts/audit.py [OPTION OF pip-audit …]

It ends with 1 where a version has one, or where the database lacks a pinned version, which somebody may have withdrawn.
Where the database is out of reach it says `skipped` and why, and ends with 0. A database that answers without knowing
anything would pass everything: so it is asked for an old version too, whose vulnerabilities it must know.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from compile_locks import versions

KNOWN = ("django", "2.0")
# How pip-audit's errors end where the database gives no answer. Any other error is one of this script or of a lock.
OUT_OF_REACH = re.compile(
    r"^(?:requests\.exceptions\.|.*\b(?:ServiceError|Could not connect|not redirecting))", re.MULTILINE
)


def asked(options: list[str]) -> tuple[list[dict[str, Any]] | None, str]:
    """What pip-audit answers for each pinned version and for the known one; nothing, and why, where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        pins, report = Path(folder, "pins.txt"), Path(folder, "report.json")
        pins.write_text("".join(f"{name}=={version}\n" for name, version in [*versions().items(), KNOWN]))
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner=off"]
        files = [f"--requirement={pins}", "--format=json", f"--output={report}"]
        done = subprocess.run([*command, *files, *options], capture_output=True, text=True, check=False)
        if not report.exists():
            return None, done.stderr
        return json.loads(report.read_text(encoding="utf-8"))["dependencies"], ""


def audit(options: list[str]) -> int:
    """Say what is known of the pinned versions, and answer the exit code."""
    found, why = asked(options)
    if found is None:
        reason = why.strip().rpartition("\n")[2]
        if not OUT_OF_REACH.search(why):
            print(f"pip-audit failed, and nothing was audited:\n{why}", file=sys.stderr)
            return 2
        print(f"skipped: the database of vulnerabilities is out of reach, and nothing was audited\n  {reason}")
        return 0
    pinned = [each for each in found if each["name"] != KNOWN[0]]
    vulnerable = [each for each in pinned if each.get("vulns")]
    for each in vulnerable:
        for hole in each["vulns"]:
            mended = ", ".join(hole["fix_versions"]) or "no version yet"
            print(f"{each['name']}=={each['version']}: {hole['id']}, mended in {mended}", file=sys.stderr)
    if vulnerable:
        print("pin a mended version in constraints.txt, then run: make constraints", file=sys.stderr)
        return 1
    if not any(each.get("vulns") for each in found if each["name"] == KNOWN[0]):
        known = "==".join(KNOWN)
        print(f"skipped: this database does not know the vulnerabilities of {known}, so its answers say nothing")
        return 0
    if missing := [each for each in pinned if "skip_reason" in each]:
        print(
            "not in the database:",
            *(f"{each['name']}: {each['skip_reason']}" for each in missing),
            sep="\n  ",
            file=sys.stderr,
        )
        return 1
    print(f"audited: no known vulnerability in {len(pinned)} pinned versions")
    return 0


if __name__ == "__main__":
    sys.exit(audit(sys.argv[1:]))
