"""What a client is told when something is not taken: a code for programs, a sentence for people."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from bot.intake import IntakeError
from bot.login import LoginError
from bot.origins import OriginError
from bot.sessions import PolicyGoneError, SessionError
from bot.web_door import BusyError, IdReusedError
from policies_kb.errors import UnknownPolicyError
from tickets.errors import StoreError

BUSY = "The reply is not there yet, because very many messages are under way. Please send the same message again."
GONE = "This policy is not answered here any more. What becomes of requests about it is told here all the same."
REUSED = "This id was used for another message. A new message needs a new id."


def error_response(status: int, code: str, message: str) -> JSONResponse:
    """The one shape of every error."""
    return JSONResponse({"error": {"code": code, "message": message}}, status)


def add_errors(app: FastAPI) -> None:
    """Each kind of trouble with its answer."""

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        # FastAPI's own answer would repeat what was sent.
        places = sorted({".".join(str(part) for part in entry["loc"][1:]) or "body" for entry in error.errors()})
        return error_response(
            422, "malformed", f"The request is not as described under /docs; look at: {', '.join(places)[:200]}."
        )

    @app.exception_handler(IntakeError)
    async def not_taken(request: Request, error: IntakeError) -> JSONResponse:
        return error_response(413 if error.code == "too_long" else 422, error.code, str(error))

    @app.exception_handler(SessionError)
    async def no_session(request: Request, error: SessionError) -> JSONResponse:
        return error_response(403 if error.code == "button_invalid" else 401, error.code, str(error))

    @app.exception_handler(LoginError)
    async def not_logged_in(request: Request, error: LoginError) -> JSONResponse:
        return error_response(401, "login_invalid", str(error))

    @app.exception_handler(OriginError)
    async def elsewhere(request: Request, error: OriginError) -> JSONResponse:
        return error_response(403, "origin_refused", str(error))

    @app.exception_handler(IdReusedError)
    async def reused(request: Request, error: IdReusedError) -> JSONResponse:
        return error_response(409, "refused", REUSED)

    @app.exception_handler(BusyError)
    async def busy(request: Request, error: BusyError) -> JSONResponse:
        response = error_response(503, "busy", BUSY)
        response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.exception_handler(UnknownPolicyError)
    async def no_policy(request: Request, error: UnknownPolicyError) -> JSONResponse:
        return error_response(404, "unknown_policy", "There is no such policy here; GET /api/policies lists them.")

    @app.exception_handler(PolicyGoneError)
    async def policy_gone(request: Request, error: PolicyGoneError) -> JSONResponse:
        return error_response(410, "policy_gone", GONE)

    @app.exception_handler(StoreError)
    async def no_store(request: Request, error: StoreError) -> JSONResponse:
        return error_response(
            503, "store_down", "The database cannot be reached just now. Please try again in a minute."
        )

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 400:  # FastAPI's answer to a body that is no text at all, or nested without end
            return error_response(422, "malformed", "The body is not JSON.")
        return error_response(
            error.status_code, "not_found" if error.status_code == 404 else "refused", str(error.detail)
        )
