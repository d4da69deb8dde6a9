"""``python -m concierge``: the same as the command ``concierge``."""

from concierge.cli import main

main(prog_name="concierge")
