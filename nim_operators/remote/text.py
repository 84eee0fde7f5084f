"""What a host prints as text, and text as what a host reads: byte for byte, whatever its code set.

AIX hosts often speak ISO8859-1, and a comment or a file name with an umlaut is no UTF-8 then. Were such bytes replaced,
two names would look like one, and a value that is put back would not be the one that was there.
"""

from __future__ import annotations

import codecs
import re

_KEEP = "nim_operators.keep"
_FIRST = 0x10FE00
"""Each byte that is no UTF-8 becomes the character that lies so far behind this one, in a plane for private use."""
_KEPT = re.compile(rb"\xf4\x8f[\xba\xbb][\x80-\xbf]")


def _keep(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(_FIRST + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_KEEP, _keep)


def text_of(data: bytes) -> str:
    """Return the text that a host printed; :func:`bytes_of` gives the very bytes back."""
    return data.decode(errors=_KEEP)


def bytes_of(text: str) -> bytes:
    """Return *text* as a host reads it."""
    return _KEPT.sub(lambda found: bytes([ord(found[0].decode()) - _FIRST]), text.encode())
