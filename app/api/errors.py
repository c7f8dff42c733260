"""Our errors as those of OpenAI's API."""

import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

from starlette.responses import JSONResponse, Response

from app.api.wire import ApiError
from chatbot.errors import BusyError, CausetteError, InputError, TooLongError
from chatbot.language import tr

log = logging.getLogger(__name__)
Made = TypeVar("Made")


def as_api_tells(make: Callable[[], Made], param: str | None) -> Made:
    """What `make` returns; its errors as those of the API, about that field."""
    try:
        return make()
    except Exception as error:
        raise as_api_error(error, param) from error


def as_api_error(error: Exception, param: str | None = None) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, TooLongError):
        return ApiError(400, str(error), code="context_length_exceeded", param=param)
    if isinstance(error, BusyError):
        return ApiError(429, str(error), code="server_busy")
    if isinstance(error, InputError):
        return ApiError(400, str(error), param=param)
    if isinstance(error, CausetteError):
        return ApiError(503, str(error))
    log.error("the answer failed", exc_info=error)
    return ApiError(
        500, tr("La réponse n'a pas pu être calculée : réessayez.", "The answer could not be computed: try again.")
    )


def response_to(error: ApiError, headers: Mapping[str, str] | None = None) -> Response:
    waits = {"retry-after": "1"} if error.status == 429 else {}
    return JSONResponse(error.to_json(), error.status, {**waits, **(headers or {})})
