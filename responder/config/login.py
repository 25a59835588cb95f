"""Which operator a command acts as."""

from collections.abc import Mapping

from responder.config.settings import Settings

USER, PASSWORD = "RESPONDER_USER", "RESPONDER_PASSWORD"


class NoLogin(Exception):
    """No password is known for the operator that was asked for; says the remedy."""


def login_of(environ: Mapping[str, str], user: str | None) -> tuple[str, str] | None:
    """Name and password from the environment, None if it has no password."""
    password = environ.get(PASSWORD)
    if not password:
        return None
    name = user or environ.get(USER)
    if not name:
        raise NoLogin(f"{PASSWORD} is set, but whose? Set {USER} too")
    return name, password


def configured_login(settings: Settings, user: str | None) -> tuple[str, str] | None:
    """Name and password from `operator_auth`: of `user`, else the first.

    None if nobody is configured: then only this machine is served, without a name.
    """
    users = settings.operators
    if not users and user is None:
        return None
    name = user or next(iter(users))
    if name not in users:
        raise NoLogin(
            f"operator_auth has no password for {name}: "
            f"set {USER} and {PASSWORD}, or name another with --user"
        )
    return name, users[name].reveal()
