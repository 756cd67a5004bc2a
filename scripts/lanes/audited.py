"""The audit of the nightly lane: python scripts/lanes/audited.py REPORT

It asks for known vulnerabilities as `make audit` does, and writes what was said into a file. It ends with 1 also where
the database was out of reach: nobody looks at the log of a job that ended well.
"""

from __future__ import annotations

import sys
from pathlib import Path

from told import told

AUDIT = Path(__file__).parents[1] / "audit.py"


def main(report: Path, audit: Path = AUDIT) -> int:
    """Run the audit, and keep what it says."""
    code, said = told([sys.executable, str(audit)])
    report.write_text(said, encoding="utf-8")
    skipped = any(line.startswith("skipped") for line in said.splitlines())
    return int(bool(code) or skipped)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
