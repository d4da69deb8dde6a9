"""The company's signature on a finished PDF, with its certificate; needs the extra `signing` (pyHanko).

It is appended to the file, so that nothing that was checked before changes, and covers all of it. It
shows nothing on the page: what is signed by whom is printed there anyway, and a stamp would bring a font of its own.
"""

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from concierge.platform import settings
from concierge.platform.errors import Refused

FIELD = "company-sig"
"""Name of the signature's field."""


class NotSigned(Refused):
    """The company's certificate cannot be used; the sentence says what is wrong with it."""


def is_asked_for() -> bool:
    """Whether a certificate is named in the settings."""
    return bool(settings.current().signing_key)


def signed(data: bytes, *, reason: str, place: str) -> bytes:
    """The PDF with the signature of the company's certificate; it certifies that nothing is changed afterwards.

    The PDF has a field of the name ``company-sig``, so that the signature has its place among the tags.

    :param reason: what the signature means, e.g. that the record is what we hold.
    :param place: where the company says it is signed.
    :raises NotSigned: when pyHanko is not installed, or the certificate cannot be read.
    """
    in_force = settings.current()
    try:
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign import fields, signers
    except ImportError as missing:
        raise NotSigned(
            "CONCIERGE_SIGNING_KEY names a certificate, but the program that signs is not installed. "
            "Type: pip install 'concierge[signing]'"
        ) from missing
    load: Any = signers.SimpleSigner.load_pkcs12  # Any: pyHanko does not say its types
    signer = load(str(in_force.signing_key), passphrase=_password())
    if signer is None:
        raise NotSigned(
            "The certificate in CONCIERGE_SIGNING_KEY cannot be read. It is a PKCS#12 file (.p12, .pfx); its password "
            "stands in the file that CONCIERGE_SIGNING_PASSWORD_FILE names."
        )
    about = signers.PdfSignatureMetadata(
        field_name=FIELD,
        reason=reason,
        location=place,
        name=in_force.company,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        subfilter=fields.SigSeedSubFilter.PADES,
    )

    class Writer(IncrementalPdfFileWriter):
        def _update_meta(self) -> None:
            """The metadata stays as it was checked: pyHanko would write it anew without its extension schemas."""

    out = io.BytesIO()
    made = signers.PdfSigner(about, signer)

    def sign() -> None:
        asyncio.run(made.async_sign_pdf(Writer(io.BytesIO(data)), existing_fields_only=True, output=out))

    with ThreadPoolExecutor(1) as aside:  # whoever calls may stand in an event loop of their own
        aside.submit(sign).result()
    return out.getvalue()


def _password() -> bytes | None:
    path = settings.current().signing_password_file
    if not path:
        return None
    try:
        return Path(path).read_bytes().rstrip(b"\r\n")
    except OSError as problem:
        raise NotSigned(
            f"The file in CONCIERGE_SIGNING_PASSWORD_FILE cannot be read: {problem.strerror}."
        ) from problem
