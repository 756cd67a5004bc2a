"""Runs the `prepare` hook: once for a profile, before any of its pages, with the variables that the user has set.

A page sees a clean environment without tokens, so what a profile needs from elsewhere (a download, say) is
fetched here. The hook answers with the variables that the profile's pages are to see.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from galley.config import Profile, Project
from galley.errors import Exit, GalleyError

if TYPE_CHECKING:
    from galley.run.tasks import Task

Answers = dict[str, Mapping[str, str]]  # by profile


class PrepareError(GalleyError):
    """A profile cannot run here: the hook says what is missing."""

    exit = Exit.RUNNER


async def prepare(
    project: Project, tasks: Sequence[Task], known: Answers | None = None
) -> tuple[list[Task], list[PrepareError]]:
    """The tasks that can run, each with its variables, and an error for every profile that cannot.

    A caller that stays up hands in what is `known` from before; it is not asked for again, and grows.
    """
    if "prepare" not in project.hooks:
        return list(tasks), []
    known = {} if known is None else known
    profiles = [name for name in dict.fromkeys(task.profile.name for task in tasks) if name not in known]
    answers = await asyncio.gather(*(_prepare(project, project.profile(name)) for name in profiles))
    for name, answer in zip(profiles, answers, strict=True):
        if not isinstance(answer, PrepareError):
            known[name] = answer
    ready = [replace(task, environment=known[task.profile.name]) for task in tasks if task.profile.name in known]
    return ready, [each for each in answers if isinstance(each, PrepareError)]


async def _prepare(project: Project, profile: Profile) -> Mapping[str, str] | PrepareError:
    asked = {
        "hook": project.hooks["prepare"],
        "snippets": str(project.snippets),
        "profile": profile.name,
        "parameters": dict(profile.parameters),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "galley.run.prepare_child", cwd=project.root, stdin=PIPE, stdout=PIPE
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
