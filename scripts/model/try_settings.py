"""Train LoRA with other ranks, alphas, rates, targets and numbers of examples, and judge each run.

    python scripts/model/try_settings.py              the whole grid, three seeds of each point: less than an hour
    python scripts/model/try_settings.py --seeds 1    the first seed of each point

Runs go one after the other, on one thread. Ctrl-C stops cleanly; the same call goes on with what is missing, and a
killed run goes on from its last checkpoint. Results go to snippets/models/settings.json after each run.
"""

import argparse
import os
import sys
from pathlib import Path

import torch

from train_adapters import BASE, ROOT, WORK
from training import adapt, crew, grid
from training.parallel import Stop

OUT = ROOT / "snippets" / "models" / "settings.json"


def main() -> None:
    """Read the flags and do the runs that are missing."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    add = parser.add_argument
    add("--seeds", type=int, default=3, help="seeds of each point (default %(default)s)")
    add("--limit", type=int, default=128, help="questions to ask of each split (default %(default)s)")
    add("--work", type=Path, default=WORK / "settings", help="where unfinished runs are (default %(default)s)")
    add("--base", type=Path, default=BASE, help="the base model's folder (default %(default)s)")
    add("--out", type=Path, default=OUT, help="the file of results (default %(default)s)")
    a = parser.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    torch.set_num_threads(1)
    crew.quiet()
    a.work.mkdir(parents=True, exist_ok=True)
    try:
        with crew.locked(a.work / "lock"), Stop() as stop:
            grid.Grid(grid.settings(a.base, a.seeds, a.limit), a.work, a.out).run(crew.watch(stop))
    except (adapt.StoppedError, crew.BusyError, ValueError, FileNotFoundError) as error:
        sys.exit(str(error) or "stopped; the same call goes on")


if __name__ == "__main__":
    main()
