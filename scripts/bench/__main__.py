"""python -m bench COMMAND WORK …, from the folder scripts/; README.md says more.

WORK is the folder that setup.sh filled with environments and models.py with models. `measure` and `case` print one JSON
row per line; `table` writes results.json, `growth` growth.json; `figure` draws both.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from bench import affected, growth, others, pairwise, table
from bench.cases import CASES, case
from bench.independence import independence
from bench.measure import KINDS, Limits, Site, measure
from bench.pages import Workload
from bench.peers import PEERS, write_tree
from bench.rows import Plan

assert others, "importing it registers its peers"


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    _measure(commands.add_parser("measure", help="cold, no-op and one-edit builds of one peer"))
    _table(commands.add_parser("table", help="every figure that galley aims at, into results.json"))
    _growth(commands.add_parser("growth", help="the commands from 10 pages to 1,000, into growth.json"))
    _pairwise(commands.add_parser("pairwise", help="this checkout's galley beside another commit's, in turns"))
    _case(commands.add_parser("case", help=", ".join(CASES)))
    moved = commands.add_parser("affected", help="what releases really change, into affected.json")
    _work(moved)
    moved.add_argument("releases", nargs="*", metavar="NAME==VERSION")
    alike = commands.add_parser("independence", help="the same outputs, however the pages are run")
    _work(alike)
    _workload(alike)
    _peer(commands.add_parser("write", help="write one peer's tree to WORK and do nothing else"))
    commands.add_parser("figure", help="draw results.json and growth.json into docs/assets")
    arguments = parser.parse_args()
    DO[arguments.command](arguments)


def _peer(parser: argparse.ArgumentParser) -> None:
    _work(parser)
    parser.add_argument("peer", choices=sorted(PEERS))
    _workload(parser)


def _work(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("work", type=lambda name: Path(name).resolve(), help="the folder that setup.sh filled")


def _workload(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workload", help="light, leaky, model:small or model:large")
    parser.add_argument("pages", type=int)
    parser.add_argument("--cells", type=int, default=5)


def _measure(parser: argparse.ArgumentParser) -> None:
    _peer(parser)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--budget", type=float, default=150, help="no further turn begins after so many seconds")
    parser.add_argument("--limit", type=float, default=600, help="a build is killed at so many seconds: a lower bound")
    parser.add_argument("--pair", default="static", help="the peer built cold before each turn, or none")
    parser.add_argument("--kinds", default=",".join(KINDS))


def _table(parser: argparse.ArgumentParser) -> None:
    _work(parser)
    parser.add_argument(
        "rows", nargs="*", help="rows to measure, by name; `size` for those of many pages; all when none"
    )
    parser.add_argument("--runs", type=int, help="turns of a row (default: 5, and 15 of the rows noop-*)")
    parser.add_argument(
        "--budget", type=float, help="seconds after which a row begins no further turn (default: 60, and 120 of noop-*)"
    )
    parser.add_argument("--trial", action="store_true", help="tiny workloads, one turn: see that it works")
    parser.add_argument("--out", type=Path, default=table.RESULTS)


def _growth(parser: argparse.ArgumentParser) -> None:
    _work(parser)
    parser.add_argument("rows", nargs="*", help="rows to measure, such as check-100x5; all when none is given")
    parser.add_argument("--runs", type=int, default=5, help="runs of a command at each size (default: 5)")
    parser.add_argument("--budget", type=float, default=30, help="seconds after which a row begins no further run")
    parser.add_argument("--limit", type=float, default=3600, help="a run of so many seconds is killed, and fails")
    parser.add_argument("--trial", action="store_true", help="tiny guides: see that it works")
    parser.add_argument("--out", type=Path, default=growth.GROWTH)


def _pairwise(parser: argparse.ArgumentParser) -> None:
    _work(parser)
    parser.add_argument("commit", help="the other state: a commit, a branch or a tag")
    parser.add_argument("--runs", type=int, default=7, help="turns of a row (default: 7)")
    parser.add_argument("--budget", type=float, default=120, help="seconds after which a row begins no further turn")
    parser.add_argument("--trial", action="store_true", help="tiny guides: see that it works")
    parser.add_argument("--out", type=Path, default=pairwise.RESULTS)


def _case(parser: argparse.ArgumentParser) -> None:
    _work(parser)
    parser.add_argument("peer", choices=sorted(PEERS))
    parser.add_argument("cases", nargs="*", default=list(CASES))
    parser.add_argument("--limit", type=float, default=100)


def _workload_of(arguments: argparse.Namespace) -> Workload:
    name, _, size = arguments.workload.partition(":")
    model = str(arguments.work / "models" / size) if size else ""
    return Workload(name, arguments.pages, arguments.cells, model)


def do_measure(arguments: argparse.Namespace) -> None:
    """Print the rows of one peer."""
    workload = _workload_of(arguments)
    name = f"{arguments.peer}-{workload.name}-{Path(workload.model).name or 'none'}-{workload.pages}"
    site = Site(PEERS[arguments.peer], workload, arguments.work, name)
    floor = None
    if arguments.pair in PEERS:
        floor = Site(PEERS[arguments.pair], workload, arguments.work, f"{name}-pair")
    limits = Limits(arguments.runs, arguments.budget, arguments.limit)
    for row in measure(site, floor, arguments.kinds.split(","), limits):
        print(json.dumps(row), flush=True)


def do_table(arguments: argparse.Namespace) -> None:
    """Measure the table."""
    plan = Plan(arguments.work)
    asked = {name: given for name in ("runs", "budget") if (given := getattr(arguments, name)) is not None}
    plan = replace(plan, limits=replace(plan.limits, **asked), builds=replace(plan.builds, **asked))
    table.measure(table.trial(plan) if arguments.trial else plan, arguments.rows, arguments.out)


def do_growth(arguments: argparse.Namespace) -> None:
    """Measure how the commands grow."""
    limits = Limits(arguments.runs, arguments.budget, arguments.limit)
    sizes = growth.TRIAL if arguments.trial else growth.Sizes()
    growth.measure(arguments.work, sizes, arguments.rows, limits, arguments.out)


def do_pairwise(arguments: argparse.Namespace) -> None:
    """Measure two states of galley, and write pairwise.json."""
    limits = Limits(1, arguments.budget) if arguments.trial else Limits(arguments.runs, arguments.budget)
    try:
        sizes = pairwise.TRIAL if arguments.trial else pairwise.Sizes()
        pairwise.pairwise(arguments.work, arguments.commit, sizes, limits, arguments.out)
    except pairwise.NoCommitError as error:
        raise SystemExit(f"error: {error}") from None


def do_case(arguments: argparse.Namespace) -> None:
    """Print the rows of a peer's cases."""
    for name in arguments.cases:
        print(json.dumps(case(name, PEERS[arguments.peer], arguments.work, arguments.limit)), flush=True)


def do_independence(arguments: argparse.Namespace) -> None:
    """Print what differs; exit with 1 if anything does."""
    row = independence(arguments.work, _workload_of(arguments))
    print(json.dumps(row))
    raise SystemExit(bool(row["different"]))


def do_write(arguments: argparse.Namespace) -> None:
    """Write one peer's tree."""
    write_tree(PEERS[arguments.peer], _workload_of(arguments).make(), arguments.work)


def do_figure(_: argparse.Namespace) -> None:
    """Draw the committed results."""
    from bench import figure, growth_figure  # matplotlib is needed for this alone

    figure.FIGURE.parent.mkdir(parents=True, exist_ok=True)
    figure.FIGURE.write_bytes(figure.draw(json.loads(table.RESULTS.read_text(encoding="utf-8"))))
    growth_figure.FIGURE.write_bytes(growth_figure.draw(json.loads(growth.GROWTH.read_text(encoding="utf-8"))))


def do_affected(arguments: argparse.Namespace) -> None:
    """Run every page with other releases, and write affected.json."""
    affected.affected(arguments.work, arguments.releases)


DO = {
    "measure": do_measure, "table": do_table, "growth": do_growth, "case": do_case, "independence": do_independence,
    "write": do_write, "figure": do_figure, "affected": do_affected, "pairwise": do_pairwise,
}  # fmt: skip

if __name__ == "__main__":
    main()
