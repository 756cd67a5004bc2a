"""Does the study's tasks in single-threaded processes, several at once, until all are done or it is asked to stop.

Two runs with one thread each are faster than one run with two. A worker that is asked to stop saves a checkpoint,
and the next call goes on from there. A killed worker loses the steps since its last checkpoint.
"""

import fcntl
import json
import multiprocessing as mp
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging as transformers_logging

from training import adapt, study
from training.adapt import Place
from training.log import clock
from training.parallel import Stop
from training.study import Result, Task

STOPPED = 3
PAUSE, TELL_EVERY = 0.5, 60.0  # seconds


class BusyError(Exception):
    """Another call works in the same folder."""


@dataclass
class Crew:
    """One call of the study. `finished` is called with each finished task, its place and all results."""

    settings: study.Settings
    work: Path
    results: study.Results
    jobs: int
    finished: Callable[[Task, Place, dict[str, Result]], None]
    done: dict[str, Result] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    running: dict[str, tuple[BaseProcess, Task, Place]] = field(default_factory=dict)
    spent: float = 0.0
    started: float = field(default_factory=time.time)

    def run(self) -> bool:
        """Do the missing tasks. Returns whether all are done; raises BusyError if another call works in this folder."""
        self.work.mkdir(parents=True, exist_ok=True)
        with locked(self.work / "lock"), Stop() as stop:
            self.facts = self.settings.facts()
            self._recover()
            told, stopping = 0.0, False
            while True:
                self._collect()
                if stop.asked and not stopping:
                    stopping = True
                    print("stopping: each run saves a checkpoint; call again to go on", flush=True)
                    for process, _, _ in self.running.values():
                        process.terminate()
                if not stop.asked:
                    self._start()
                if not self.running:
                    break
                if time.time() - told > TELL_EVERY:
                    told = time.time()
                    print(self.progress(), flush=True)
                time.sleep(PAUSE)
        return not self.failed and all(task.name in self.done for task in self.tasks())

    def tasks(self) -> list[Task]:
        """All tasks that are known from the results so far."""
        return study.tasks(self.settings, self.done)

    def where(self, task: Task) -> Place:
        """The folder of a task."""
        return study.place(self.work, self.settings, task, study.key(self.settings, self.facts, task))

    def _recover(self) -> None:
        """Count stored results of these settings as done, in rounds: a search that is done makes more tasks ready."""
        stored = self.results.read()
        while True:
            found = {task.name: stored[task.name] for task in self.tasks() if self._counts(task, stored)}
            if not found:
                return
            self.done.update(found)

    def _counts(self, task: Task, stored: dict[str, Result]) -> bool:
        """Whether the stored result belongs to this task. An adapter that is to be combined must also still exist."""
        if task.name in self.done or not task.ready or task.name not in stored:
            return False
        if task.run and task.run.data.startswith("half") and not self.where(task).saved.exists():
            return False
        return bool(stored[task.name].get("key") == study.key(self.settings, self.facts, task))

    def _start(self) -> None:
        """Start the first tasks that are ready, up to `jobs` at once."""
        for task in self.tasks():
            if len(self.running) >= self.jobs:
                return
            if not task.ready or task.name in {*self.done, *self.running, *self.failed}:
                continue
            where = self.where(task)
            where.folder.mkdir(parents=True, exist_ok=True)
            halves = [self.where(t).saved for t in self.tasks() if t.run and t.run.data.startswith("half")]
            arguments = (task, where, self.settings, halves, os.getpid())
            process = mp.get_context("spawn").Process(target=work_on, args=arguments)
            with without_interrupts():
                process.start()
            self.running[task.name] = (process, task, where)

    def _collect(self) -> None:
        """Take in the results of workers that have ended."""
        for name, (process, task, where) in list(self.running.items()):
            if process.is_alive():
                continue
            process.join()
            del self.running[name]
            path = where.folder / "result.json"
            if path.exists():
                result = json.loads(path.read_text(encoding="utf-8"))
                self.done[name] = {**result, "key": study.key(self.settings, self.facts, task)}
                self.results.write(self.done, self.facts)
                self.spent += task.cost
                self.finished(task, where, self.done)
                print(f"{told(self.done[name])}\n{self.progress()}", flush=True)
            elif process.exitcode not in (STOPPED, -signal.SIGTERM):
                self.failed.append(name)
                print(f"{name} failed with exit code {process.exitcode}; the others go on", flush=True)

    def progress(self) -> str:
        """How many tasks are done, where the running ones are, and about how long the rest takes."""
        known = self.tasks()
        parts = [f"[{len(self.done)} of {len(known)}]"]
        partly = 0.0
        for _, task, where in self.running.values():
            step = max((e.get("step", 0) for e in where.log.read()), default=0)
            partly += step
            parts.append(f"{task.name} {step}/{task.run.steps}" if task.run else task.name)
        spent = self.spent + partly
        left = sum(task.cost for task in known if task.name not in self.done) - partly
        speed = spent / (time.time() - self.started)
        parts.append(f"{clock(left / speed)} left" if self.spent else "time left not yet known")
        return "  ".join(parts)


def told(result: Result) -> str:
    """One line about a result."""
    said = [result["name"]]
    if "validation_loss" in result:
        said.append(f"validation loss {result['validation_loss']}")
    if "held_out" in result:
        said.append(f"held-out pass@1 {result['held_out']['share']:.1%}")
        said.append(f"bubble sort {'sorts' if result['demo']['sorts'] else 'does not sort'}")
    return f"done: {', '.join(said)}, {clock(result['wall_seconds'])}"


def work_on(task: Task, where: Place, settings: study.Settings, halves: list[Path], parent: int) -> None:
    """A worker process: do one task, write its result into the task's folder. Exits with STOPPED if asked to stop."""
    torch.set_num_threads(1)
    quiet()
    with Stop() as stop:
        try:
            result = study.perform(task, where, settings, halves, watch(stop, parent))
        except adapt.StoppedError:
            sys.exit(STOPPED)
        write_result(where.folder, result)


def watch(stop: Stop, parent: int | None = None) -> Callable[[], None]:
    """A check that raises adapt.StoppedError when the process was asked to stop, or its parent is gone."""

    def alive() -> None:
        if stop.asked or parent not in (None, os.getppid()):
            raise adapt.StoppedError

    return alive


def write_result(folder: Path, result: dict[str, Any]) -> None:
    """Write a result, all or nothing."""
    staged = folder / "result.tmp"
    staged.write_text(json.dumps(result), encoding="utf-8")
    staged.replace(folder / "result.json")


def quiet() -> None:
    """Silence the warnings and progress bars of Transformers."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file. The system releases it when the process ends, even when it is killed."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BusyError(f"{path.parent} is in use: another call of the study is at work there") from None
        yield


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Block Ctrl-C in the processes started here: their parent asks them to stop."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
