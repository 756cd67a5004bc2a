"""The hook `prepare`: called once for a profile, before any of its pages, with the variables that the user has set.

In the command, and in a process of its own that the command starts (this very module, run as a program): a request on
standard input, an answer on standard output. A page sees a clean environment without tokens, so what a profile needs
from elsewhere (a download, say) is fetched here. The hook answers with the variables that the profile's pages are to
see.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from asyncio.subprocess import PIPE
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galley.errors import Exit, GalleyError
from galley.hooks import Context, HookError, find_hook

if TYPE_CHECKING:
    from galley.config import Profile, Project

Answers = dict[str, Mapping[str, str]]  # by profile


class PrepareError(GalleyError):
    """A profile cannot run here: the hook says what is missing."""

    exit = Exit.RUNNER


async def prepare(project: Project, profiles: Iterable[str], known: Answers) -> list[PrepareError]:
    """Ask the hook about every profile that `known` has no answer for, and add the answers there.

    What comes back is an error for every profile that cannot run. Without a hook every answer is empty.
    """
    asked = [name for name in dict.fromkeys(profiles) if name not in known]
    if "prepare" not in project.hooks:
        known |= {name: {} for name in asked}
        return []
    answers = await asyncio.gather(*(_prepare(project, project.profile(name)) for name in asked))
    known |= {name: each for name, each in zip(asked, answers, strict=True) if not isinstance(each, PrepareError)}
    return [each for each in answers if isinstance(each, PrepareError)]


async def _prepare(project: Project, profile: Profile) -> Mapping[str, str] | PrepareError:
    asked = {
        "hook": project.hooks["prepare"],
        "snippets": str(project.snippets),
        "root": str(project.root),
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
        answer = {"error": f"the hook prepare exited with status {process.returncode} and gave no answer"}
    if "error" in answer:
        return PrepareError(f"profile {profile.name} cannot run: {answer['error']}", project.place("hooks", "prepare"))
    variables: dict[str, str] = answer["environment"]
    return variables


def answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the hook says of a profile; what it raises becomes the error."""
    sys.path.insert(0, asked["snippets"])
    try:
        hook = find_hook("prepare", asked["hook"])
        root = Path(asked["root"])
        return {"environment": _variables(hook(Context("", asked["profile"], asked["parameters"], root, root)))}
    except HookError as error:
        return {"error": "\n    ".join(each for each in (error.what, error.detail) if each)}
    except Exception as error:
        if type(error).__module__.partition(".")[0] in sys.stdlib_module_names:
            return {"error": traceback.format_exc()}  # nobody meant to say this
        return {"error": str(error)}


def _variables(said: object) -> dict[str, str]:
    """The variables of an answer; raises TypeError where it is anything else than texts by name."""
    found = dict(said) if isinstance(said, Mapping) else {} if said is None else None
    if found is None or not all(isinstance(each, str) for pair in found.items() for each in pair):
        raise TypeError(f"the hook prepare must answer with texts by name, or None, and answered {said!r}")
    return found


def main() -> None:
    """Answer the request on standard input; whatever else is printed goes to standard error."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    json.dump(answer(json.load(sys.stdin)), channel)


if __name__ == "__main__":
    main()
