"""pytest's plug-in: with `pytest --galley`, each cell of a guide is a test that runs it again and compares.

In pytest's process. Without `--galley` nothing but this module is imported, and nothing is collected.
"""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plug-in."""
    group = parser.getgroup("galley", "the cells of a guide")
    group.addoption(
        "--galley",
        action="store_true",
        help="Run the cells of the guide again, and compare each with its record.",
    )
    group.addoption(
        "--galley-profile",
        action="append",
        default=[],
        metavar="NAME",
        help="The profile of the records, in place of the required ones; may be given several times.",
    )
    group.addoption(
        "--galley-strict", action="store_true", help="Fail also where a record is of other versions of packages."
    )


def pytest_configure(config: pytest.Config) -> None:
    """Collect the guide's pages where that is asked for, also where the command names no path."""
    if not config.getoption("galley"):
        return
    from galley.errors import GalleyError
    from galley.pytest_plugin.items import Collection
    from galley.pytest_plugin.session import Session

    try:
        session = Session.of(config)
    except GalleyError as error:
        raise pytest.UsageError(str(error)) from None
    config.pluginmanager.register(session, "galley-session")
    config.pluginmanager.register(Collection(session), "galley-collection")
    if config.args_source is not config.ArgsSource.ARGS:
        config.args.append(str(session.project.docs))  # pytest collects a file once, also where two paths lead to it
