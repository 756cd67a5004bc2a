"""The `galley` command: which commands there are, how it ends, and no work of its own.

In the command.
"""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from galley import __version__
from galley.commands import machines, notebooks, pages, records, site, start, testing, updates
from galley.errors import Exit, GalleyError, UsageError
from galley.terminal import can_say_anything, err, out, refused


class Commands(click.Group):
    """The commands; one that is interrupted ends as interrupted, and not, as click has it, like a failed check.

    An option that is given an empty text is refused. It comes from a variable that is not set, as in `--shard "$PART"`,
    and the command would do another thing than was meant: all pages, here, or without a signature.
    """

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, none of whose options takes an empty text."""
        for each in cmd.params:
            if isinstance(each, click.Option) and isinstance(each.type, click.types.StringParamType):
                each.callback = _not_empty
        super().add_command(cmd, name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(Exit.INTERRUPTED)


def _not_empty(context: click.Context, option: click.Parameter, value: Any) -> Any:
    given = context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
    if given and "" in (value if isinstance(value, tuple) else (value,)):
        raise UsageError(f"{option.opts[0]} is given an empty text", mend="say what it is to be, or leave it out")
    return value


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", "-V", prog_name="galley", message="%(prog)s %(version)s")
@click.pass_context
def app(ctx: click.Context) -> None:
    """Run a guide's snippets, record what they printed, and build the site from the records.

    A guide has pages in Markdown, and a file of Python code for each. A record is what the code of one page printed
    under one profile, which is a set of values such as a device. A record is stale once its code, or a file that the
    code used, is another. `galley run` makes the records, `galley check` says whether they are true, and `galley serve`
    shows the site while you write.
    """
    if ctx.invoked_subcommand is None:
        out(ctx.get_help())
        sys.exit(Exit.USAGE)


for command in (
    pages.run,
    testing.test,
    records.check,
    records.manifest,
    records.review,
    site.build,
    site.csp,
    site.serve,
    notebooks.export,
    notebooks.take,
    machines.plan,
    machines.collect,
    updates.affected,
    updates.update,
    updates.bisect,
    start.new,
    start.add,
):
    app.add_command(command)


def main() -> NoReturn:
    """Run the command; every GalleyError becomes its message and its exit code."""
    can_say_anything()
    try:
        app()
    except GalleyError as error:
        err(str(error))
        sys.exit(error.exit)
    except OSError as error:
        err(refused(error))
        sys.exit(Exit.BAD_INPUT)
    sys.exit(Exit.OK)
