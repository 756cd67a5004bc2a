"""Runs the `prepare` hook: once for a profile, before any of its pages, with the variables that the user has set.

A page sees a clean environment without tokens, so what a profile needs from elsewhere (a download, say) is
fetched here. The hook answers with the variables that the profile's pages are to see.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
import traceback
from asyncio.subprocess import PIPE
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from galley.errors import RefusedError
from galley.project import Profile, Project

if TYPE_CHECKING:
    from galley.run.session import Task


class PrepareError(RefusedError):
    """A profile cannot run here: the hook says what is missing."""


async def prepare(project: Project, tasks: Sequence[Task]) -> tuple[list[Task], list[PrepareError]]:
    """The tasks that can run, each with its variables, and an error for every profile that cannot."""
    if "prepare" not in project.hooks:
        return list(tasks), []
    profiles = list(dict.fromkeys(task.profile.name for task in tasks))
    answers = await asyncio.gather(*(_prepare(project, project.profile(name)) for name in profiles))
    found = dict(zip(profiles, answers, strict=True))
    ready = [
        replace(task, environment=variables)
        for task in tasks
        if not isinstance(variables := found[task.profile.name], PrepareError)
    ]
    return ready, [each for each in answers if isinstance(each, PrepareError)]


async def _prepare(project: Project, profile: Profile) -> Mapping[str, str] | PrepareError:
    asked = {
        "hook": project.hooks["prepare"],
        "snippets": str(project.snippets),
        "profile": profile.name,
        "parameters": dict(profile.parameters),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "galley.run.prepare", cwd=project.root, stdin=PIPE, stdout=PIPE
    )
    said, _ = await process.communicate(json.dumps(asked).encode())
    try:
        answer = json.loads(said)
    except ValueError:
        answer = {"error": f"the prepare hook exited with status {process.returncode} and gave no answer"}
    if "error" in answer:
        return PrepareError(f"profile {profile.name} cannot run: {answer['error']}")
    variables: dict[str, str] = answer["environment"]
    return variables


def answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the hook `module:function` says to the profile's name and its parameters."""
    sys.path.insert(0, asked["snippets"])
    module, _, function = asked["hook"].partition(":")
    try:
        hook = getattr(importlib.import_module(module), function)
        return {"environment": dict(hook(asked["profile"], asked["parameters"]) or {})}
    except Exception as error:
        if type(error).__module__.partition(".")[0] in sys.stdlib_module_names:
            return {"error": traceback.format_exc()}  # nobody meant to say this
        return {"error": str(error)}


def main() -> None:
    """Answer the request on standard input; whatever else is printed goes to standard error."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    json.dump(answer(json.load(sys.stdin)), channel)


if __name__ == "__main__":
    main()
