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

from responder.web.guard import Operators
from responder.web.parts import Parts
from responder.web.sessions import LASTS

_LONGEST = 1000
MOST = 64 * 1024


def login(parts: Parts, operators: Operators) -> Blueprint:
    """`/login` and `/logout`."""
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
        response = _to(url_for("login.form"))
        response.delete_cookie(
            operators.cookie_name,
            secure=operators.over_https,
            httponly=True,
            samesite="Lax",
        )
        return response

    return blueprint


def short_form() -> None:
    """No form of ours is longer: what is longer is refused with 413."""
    request.max_content_length = MOST


def _enter(parts: Parts, operators: Operators) -> Response:
    back, user = request.form.get("next", ""), request.form.get("user", "")
    password = request.form.get("password", "")
    if not operators.demanded or max(len(user), len(password)) > _LONGEST:
        return _form(back, wrong="Wrong name or password.", status=401)
    waits = operators.sign_in(user, password)
    if waits is None:
        return _form(back, user, "Wrong name or password.", 401)
    if waits:
        wait = math.ceil(waits)
        tries = f"Too many wrong passwords. Try again in {wait} s."
        shut = _form(back, user, tries, 429)
        shut.headers["Retry-After"] = str(wait)
        return shut
    response = _to(back if own_path(back) else url_for("pages.now"))
    response.set_cookie(
        operators.cookie_name,
        operators.sessions.cookie(user, parts.clock.now()),
        max_age=LASTS,
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
