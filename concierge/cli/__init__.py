"""The command ``concierge``: every main act, for people at a terminal and for scripts."""

from importlib import import_module
from pkgutil import iter_modules

import click
from flask.cli import FlaskGroup

from concierge.app import create_app
from concierge.platform.errors import Refused
from concierge.platform.settings import BadSetting


class _Concierge(FlaskGroup):
    """The group of all commands; a refusal becomes its sentence on standard error and exit status 1."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command.

        :raises SystemExit: with 1 and the sentence, when the act is refused.
        """
        try:
            return super().invoke(ctx)
        except (Refused, BadSetting) as refusal:
            click.echo(str(refusal), err=True)
            ctx.exit(1)


main = _Concierge(
    name="concierge",
    create_app=lambda: create_app(),
    add_default_commands=False,
    set_debug_flag=False,
    load_dotenv=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Concierge: from an order to a running instrument.",
)
"""Each file in this package adds the command or group that carries its name."""

for _module in iter_modules(__path__):
    _loaded = import_module(f"{__name__}.{_module.name}")
    main.add_command(getattr(_loaded, _module.name))
