"""The address of the storage: which ones are understood, and what in it is secret."""

import re
from importlib.util import find_spec
from urllib.parse import parse_qsl, unquote, urlsplit

from responder.config.problem import Refused

POSTGRES = ("postgresql+psycopg://", "postgresql://", "postgres://")
EXTRA = 'install it: pip install "jwt-pizza-responder[postgres]"'
# As it stands in a document: a reference may hide anything, also a whole address.
_MAY_HIDE = re.compile(r"^\$\{|://[^/?#@]*:[^/?#]*@|[?&](?:ssl)?password=")


def storage_url(text: object) -> object:
    """A SQLAlchemy address of SQLite or PostgreSQL; None, a secret unset here, is
    told as such elsewhere and no reason to stop a check."""
    if text is None:
        return "sqlite:///responder.db"
    if not isinstance(text, str):
        return text
    remedy = "write sqlite:///responder.db or postgresql+psycopg://user@host/database"
    try:
        usable = text.startswith(POSTGRES) and urlsplit(text).port != 0
    except ValueError:
        usable = False
        remedy += ", with / ? # @ : in a password written as %2F %3F %23 %40 %3A"
    if not usable and not text.startswith("sqlite:///"):
        raise Refused("is not a storage that can be used", remedy)
    return text


def passwords_in(url: str) -> tuple[str, ...]:
    """Every form in which a password of the address could be printed."""
    try:
        parts = urlsplit(url)
        found = [parts.password or ""]
    except ValueError:
        return ()
    told = parse_qsl(parts.query)
    found += [value for key, value in told if key in ("password", "sslpassword")]
    return tuple(dict.fromkeys(p for f in found for p in (f, unquote(f)) if p))


def may_hide_password(written: str) -> bool:
    """Whether an address as written in a document may come to hold a password."""
    return _MAY_HIDE.search(written) is not None


def lacks_driver(url: str) -> bool:
    """Whether the address needs the extra `postgres`, which is not installed."""
    return url.startswith(POSTGRES) and find_spec("psycopg") is None
