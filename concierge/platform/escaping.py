"""What templates put out, escaped as always, but without a new object for each value that needs no escaping.

A page of fifty rows puts out some fifteen hundred values; most of them hold nothing to escape, or are markup already.
"""

import re
from typing import cast

from flask import Flask
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import Expr, Template
from markupsafe import Markup, escape

_is_special = re.compile("[&<>'\"]").search


def escaped(value: object) -> str:
    """A value as HTML text; markup stays as it is."""
    kind = type(value)
    if kind is Markup:
        return cast(Markup, value)
    if kind is str and not _is_special(text := cast(str, value)):
        return text
    if kind is int or kind is float:
        return str(value)
    return escape(value)


class QuickOutput(CodeGenerator):
    """Writes templates' code with `escaped` where a value is put out."""

    def visit_Template(self, node: Template, frame: Frame | None = None) -> None:  # noqa: N802 # Jinja's name
        """Write a template's code."""
        self.writeline(f"from {__name__} import {escaped.__name__}")
        super().visit_Template(node, frame)

    def _output_child_pre(self, node: Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write(f"{escaped.__name__}(")


def register(app: Flask) -> None:
    """Compile the application's templates so."""
    app.jinja_env.code_generator_class = QuickOutput
