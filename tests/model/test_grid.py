"""The grid of settings on a tiny base: one factor at a time, resumed after a kill, and what pages read of it."""

import json
from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from train_adapters import BASE
from training import adapt, grid, measure
from training.adapt import Run
from training.methods import LORA_MODULES, METHODS, TARGETS, VARIANTS, row
from try_settings import OUT

# peft 0.21.2 reads what transformers 5.23 renamed.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

PLAN = measure.Plan(limit=2, tokens=6)
FACTORS = {"rank", "alpha", "rate", "targets", "questions"}


def alive() -> None:
    """Nobody asks to stop."""


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """A grid of three points of two steps."""
    centre = replace(grid.CENTRE, steps=2, batch=2, warmup=1)
    runs = [centre, replace(centre, method="lora on c_attn"), replace(centre, data="3")]
    monkeypatch.setattr(grid, "CENTRE", centre)
    monkeypatch.setattr(grid, "points", lambda: runs)
    return runs


def test_one_factor_moves_at_a_time() -> None:
    centre, *others = [grid.described(run, 320) for run in grid.points()]
    assert set(centre) == FACTORS
    moved = [{name for name in FACTORS if point[name] != centre[name]} for point in others]
    assert Counter(map(frozenset, moved)) == {
        frozenset({"rate"}): 4, frozenset({"rank"}): 4, frozenset({"rank", "alpha"}): 4, frozenset({"alpha"}): 2,
        frozenset({"targets"}): 3, frozenset({"questions"}): 3,
    }  # fmt: skip
    assert all(
        point["alpha"] == 2 * point["rank"] for point, names in zip(others, moved, strict=True) if len(names) > 1
    )


def test_the_middle_is_the_studys_lora() -> None:
    config = METHODS["lora"].config
    assert config is not None
    assert grid.described(grid.CENTRE, 320)["targets"] == sorted(set(LORA_MODULES) - {"q_attn"})
    study = json.loads((BASE / "adapters" / "study.json").read_text(encoding="utf-8"))
    assert {run["rate"] for run in study["runs"] if run["method"] == "lora"} == {grid.CENTRE.rate}
    assert all(row(name).rate == METHODS["lora"].rate for name in VARIANTS)
    assert set(TARGETS) == {name.removeprefix("lora on ") for name in VARIANTS if name.startswith("lora on ")}


def test_all_points_have_their_first_seed_before_any_has_its_second() -> None:
    runs = [task.run for task in grid.tasks(3) if task.run]
    assert [run.seed for run in runs] == sorted(run.seed for run in runs)
    assert len({task.name for task in grid.tasks(3)}) == len(runs) == 3 * len(grid.points())


def test_a_number_of_questions_is_the_first_of_the_same_ones() -> None:
    run = Run("lora", steps=20, batch=5, rate=1.0)
    few = replace(run, data="25")
    assert few.distinct == 25
    first, drawn = list(islice(run.pairs(), 25)), list(islice(few.pairs(), 100))
    assert all(sorted(map(repr, drawn[at : at + 25])) == sorted(map(repr, first)) for at in (0, 25, 50, 75))


def test_the_grid_goes_on_where_it_was_killed(base: Path, tmp_path: Path, short: list[Run]) -> None:
    def call(steps: int | None = None) -> grid.Grid:
        settings = replace(grid.settings(base, 2, 2), plan=PLAN)
        left = iter(range(steps)) if steps is not None else None

        def check() -> None:
            if left is not None and next(left, None) is None:
                raise adapt.StoppedError

        made = grid.Grid(settings, tmp_path / "work", tmp_path / "settings.json")
        made.run(check)
        return made

    with pytest.raises(adapt.StoppedError):
        call(steps=4)  # one run with its answers, and a step of the next
    kept = json.loads((tmp_path / "settings.json").read_text(encoding="utf-8"))["runs"]
    assert len(kept) == 1
    assert list((tmp_path / "work").glob("*/checkpoint.pt"))
    done = call().done
    assert len(done) == 2 * len(short)
    assert done[kept[0]["name"]] == kept[0]
    before = (tmp_path / "settings.json").read_bytes()
    assert list(call(steps=0).done) == list(done)  # nothing is left to do, so that nobody is asked
    assert (tmp_path / "settings.json").read_bytes() == before
    check_schema(json.loads(before))


def test_results_of_another_length_do_not_count(
    base: Path, tmp_path: Path, short: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(grid.settings(base, 1, 2), plan=PLAN)
    first = grid.Grid(settings, tmp_path / "work", tmp_path / "settings.json")
    first.run(alive)
    longer = [replace(run, steps=3) for run in short]
    monkeypatch.setattr(grid, "points", lambda: longer)
    again = grid.Grid(settings, tmp_path / "work", tmp_path / "settings.json")
    again.run(alive)
    assert {run["steps"] for run in again.done.values()} == {3}
    (tmp_path / "settings.json").write_text('{"format": 0}')
    with pytest.raises(ValueError, match="has format 0, not 1: move it away"):
        again.read()


def check_schema(content: dict) -> None:
    """What a page may count on."""
    about, runs = content["about"], content["runs"]
    assert content["format"] == grid.FORMAT
    assert {"base", "data", "steps", "batch", "judging", "seeds", "points", "centre"} <= set(about)
    assert len(runs) <= about["seeds"] * about["points"]
    for run in runs:
        assert set(run["settings"]) == FACTORS
        assert {"name", "seed", "trainable", "seconds", "machine", "date", "validation_loss", "held_out", "key"} <= set(
            run
        )
        assert run["held_out"]["low"] <= run["held_out"]["share"] <= run["held_out"]["high"]
    assert any(run["settings"] == about["centre"] for run in runs)


def test_the_committed_results_are_what_the_page_reads() -> None:
    content = json.loads(OUT.read_text(encoding="utf-8"))
    check_schema(content)
    assert content["about"]["base"] == adapt.digest(BASE)
    assert content["about"]["points"] == len(grid.points())
    settings = grid.settings(BASE, content["about"]["seeds"], content["about"]["judging"]["limit"])
    assert {name: content["about"][name] for name in settings.facts()} == settings.facts()
