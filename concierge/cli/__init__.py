"""The command ``concierge``: every main act, for people at a terminal and for scripts."""

from importlib import import_module
from pkgutil import iter_modules

import click
from flask import Flask
from flask.cli import ScriptInfo

from concierge.platform.errors import Refused
from concierge.platform.settings import BadSetting


class _Concierge(click.Group):
    """The group of all commands; a refusal becomes its sentence on standard error and exit status 1.

    Each file in this package holds the command or group that carries its name, and is loaded when it is asked for.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in order."""
        return sorted(module.name for module in iter_modules(__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command; None when there is none of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = getattr(import_module(f"{__name__}.{cmd_name}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command.

        :raises click.exceptions.Exit: with 1, after the sentence, when the act is refused.
        """
        try:
            return super().invoke(ctx)
        except (Refused, BadSetting) as refusal:
            click.echo(str(refusal), err=True)
            ctx.exit(1)


@click.group(cls=_Concierge, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="concierge")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Concierge: from an order to a running instrument.

    Exit status: 0 done, 1 refused (the sentence is on standard error), 2 wrong use.
    """
    ctx.obj = ScriptInfo(create_app=_application, set_debug_flag=False, load_dotenv_defaults=False)


def _application() -> Flask:
    from concierge.app import create_app

    return create_app()
