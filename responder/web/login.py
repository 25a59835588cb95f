"""The form for operators, and the way out."""

import math

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from responder.web.guard import WRONG, Operators
from responder.web.parts import Parts
from responder.web.sessions import DEVICE_LASTS, LASTS

_LONGEST = 1000
_WRONG = WRONG[0].upper() + WRONG[1:]
MOST = 64 * 1024


def login(parts: Parts, operators: Operators) -> Blueprint:
    """`/login`, `/logout` and `/logout/everywhere`."""
    blueprint = Blueprint("login", __name__)
    blueprint.before_request(short_form)

    @blueprint.get("/login")
    def form() -> Response:
        if not operators.demanded:
            return _to(url_for("pages.now"))
        return _form(request.args.get("next", ""))

    @blueprint.post("/login")
    def enter() -> Response:
        return _enter(parts, operators)

    @blueprint.post("/logout")
    def leave() -> Response:
        if session := operators.session():
            operators.sessions.end(session)
        return _left(operators)

    @blueprint.post("/logout/everywhere")
    def leave_everywhere() -> Response:
        if refusal := operators.admit_person():
            return refusal
        if operators.demanded:
            operators.sessions.end_all(operators.name())
        return _left(operators)

    return blueprint


def _left(operators: Operators) -> Response:
    response = _to(url_for("login.form"))
    response.delete_cookie(
        operators.cookie_name,
        secure=operators.over_https,
        httponly=True,
        samesite="Lax",
    )
    return response


def short_form() -> None:
    """No form of ours is longer: what is longer is refused with 413."""
    request.max_content_length = MOST


def _enter(parts: Parts, operators: Operators) -> Response:
    back, user = request.form.get("next", ""), request.form.get("user", "")
    password = request.form.get("password", "")
    if not operators.demanded or max(len(user), len(password)) > _LONGEST:
        return _form(back, wrong=_WRONG, status=401)
    waits = operators.sign_in(user, password)
    if waits is None:
        return _form(back, user, _WRONG, 401)
    if waits:
        wait = math.ceil(waits)
        tries = f"Too many wrong passwords. Try again in {wait} s."
        shut = _form(back, user, tries, 429)
        shut.headers["Retry-After"] = str(wait)
        return shut
    response = _to(back if own_path(back) else url_for("pages.now"))
    sessions = operators.sessions
    device = sessions.device_cookie(user, operators.device(user))
    for name, value, lasts in (
        (operators.cookie_name, sessions.cookie(user, parts.clock.now()), LASTS),
        (operators.device_cookie_name, device, DEVICE_LASTS),
    ):
        response.set_cookie(
            name,
            value,
            max_age=lasts,
            secure=operators.over_https,
            httponly=True,
            samesite="Lax",
        )
    return response


def own_path(address: str) -> bool:
    """Whether it leads to a page of ours: browsers read `//x` and `/\\x` as a host."""
    return (
        address.startswith("/")
        and not address.startswith(("//", "/\\"))
        and address.isprintable()
    )


def _form(back: str, user: str = "", wrong: str = "", status: int = 200) -> Response:
    page = render_template("login.html", back=back, user=user, wrong=wrong)
    return make_response(page, status)


def _to(address: str) -> Response:
    return make_response(redirect(address, 303))
