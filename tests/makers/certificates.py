"""A company's certificate, and what pyHanko says of what it signed."""

import io
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext


def certificate(folder: Path) -> Path:
    """Make a company's certificate in a folder: `c.p12` with its password in `password`, and `c.pem`."""
    subject = ["-subj", "/CN=Concierge AG/O=Concierge AG"]
    use = ["-addext", "keyUsage=digitalSignature,nonRepudiation"]
    make = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "k.pem",
        "-out",
        "c.pem",
        "-days",
        "9",
    ]
    pack = [
        "openssl",
        "pkcs12",
        "-export",
        "-inkey",
        "k.pem",
        "-in",
        "c.pem",
        "-out",
        "c.p12",
        "-passout",
        "pass:söker",
    ]
    for command in ([*make, *subject, *use], pack):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (folder / "password").write_text("söker\n", "utf-8")
    return folder


def with_certificate(app: Flask, folder: Path) -> None:
    """Let records be signed with it from now on; the caller puts the settings back."""
    in_force = app.extensions["concierge.settings"]
    app.extensions["concierge.settings"] = replace(
        in_force, signing_key=str(folder / "c.p12"), signing_password_file=str(folder / "password")
    )


def aside(do: Callable[..., Any], *arguments: Any) -> Any:
    """Call in a thread of its own: pyHanko starts an event loop, and a browser's may be running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(do, *arguments).result()


def status_of(data: bytes, folder: Path) -> PdfSignatureStatus:
    """What a program that trusts the certificate says of the one signature of a PDF."""
    (signature,) = PdfFileReader(io.BytesIO(data), strict=False).embedded_signatures
    trusted = ValidationContext(trust_roots=[load_cert_from_pemder(str(folder / "c.pem"))])
    found: PdfSignatureStatus = aside(validate_pdf_signature, signature, trusted)
    return found
