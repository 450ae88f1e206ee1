"""The signature of a webhook's request: who has the secret knows that the notice is ours, whole, and of now.

    Portopt-Signature: t=1796040000,v1=5257a869…

`t` is the second at which it was sent (Unix time); `v1` the HMAC-SHA256 under the secret, in hex, of `t`, a full stop and the
body's bytes. A receiver works it out anew, compares in constant time, and refuses what was sent too long ago.

Source: RFC 2104 (HMAC); FIPS 180-4 (SHA-256).
"""

from __future__ import annotations

import hashlib
import hmac

HEADER = "Portopt-Signature"


def signature(secret: str, body: bytes, second: int) -> str:
    """The header's value.

    >>> signature("secret", b"{}", 1796040000)[:30]
    't=1796040000,v1=04a431426d66dc'
    """
    told = hmac.new(secret.encode(), f"{second}.".encode() + body, hashlib.sha256)
    return f"t={second},v1={told.hexdigest()}"
