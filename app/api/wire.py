"""What comes in: requests of OpenAI's API checked into messages and `Sampling`, and the errors of those that are not.

A parameter that would change the answer and that this model cannot follow is refused by its name, never passed over.
Source of names and shapes: https://platform.openai.com/docs/api-reference (chat, completions, models, errors).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from chatbot.dialogue import Message
from chatbot.language import tr
from chatbot.likelihood import MOST
from chatbot.sampling import Sampling
from chatbot.session import check_length, checked_text

MOST_CHOICES = 8
MOST_MESSAGES = 1000  # far above what any context here holds
IGNORED = {  # they say who asks, where it is kept or billed: no answer depends on them
    "user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "parallel_tool_calls",
}  # fmt: skip
# What is not offered here, with the values that ask for nothing.
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "presence_penalty": (None, 0), "frequency_penalty": (None, 0), "logit_bias": (None, {}),
    "logprobs": (None, False), "top_logprobs": (None, 0), "tools": (None, []), "functions": (None, []),
    "tool_choice": (None, "none", "auto"), "function_call": (None, "none", "auto"),
    "response_format": (None, {"type": "text"}), "modalities": (None, ["text"]), "reasoning_effort": (None, "none"),
    "echo": (None, False), "best_of": (None, 1), "suffix": (None, ""),
}  # fmt: skip
_Asked = TypeVar("_Asked", bound="_Request")


class ApiError(Exception):
    """A request that gets no answer.

    Args:
        status: HTTP's.
        message: for the reader.
        code: for the program.
        param: the field that is wrong.
    """

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None):
        super().__init__(message)
        self.status, self.code, self.param = status, code, param

    def to_json(self) -> dict[str, Any]:
        kinds = {401: "authentication_error", 429: "rate_limit_error", 500: "server_error", 503: "server_error"}
        kind = kinds.get(self.status, "invalid_request_error")
        return {"error": {"message": str(self), "type": kind, "param": self.param, "code": self.code}}


class _StreamOptions(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")
    include_usage: bool = False


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")
    type: Literal["text"]
    text: str


class _Message(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")  # clients send back all that an answer held
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[_Part] | None = None
    tool_calls: list[Any] | None = Field(None, max_length=0)
    causette_context: str = ""  # ours: the text that comes with a request, which a template may put elsewhere

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


_Stop = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Request(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    model: str
    n: int = Field(1, ge=1, le=MOST_CHOICES)
    stream: bool = False
    stream_options: _StreamOptions | None = None
    stop: _Stop | Annotated[list[_Stop], Field(max_length=8)] | None = None
    temperature: float | None = Field(None, ge=0, le=5)
    top_p: float | None = Field(None, ge=1e-6, le=1)
    top_k: int | None = Field(None, ge=0, le=1_000_000)
    repetition_penalty: float | None = Field(None, ge=0.1, le=10)
    seed: int | None = Field(None, ge=0)
    max_tokens: int | None = Field(None, ge=1)

    @property
    def stop_texts(self) -> list[str]:
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    @property
    def wants_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)

    @property
    def longest(self) -> int | None:
        """Tokens of an answer, at most."""
        return self.max_tokens

    @property
    def top(self) -> int | None:
        """How many of the likeliest tokens are told beside each one written; None where no probabilities are."""
        return None

    def samplings(self, default: Sampling, context: int) -> list[Sampling]:
        """How each choice is drawn; a seed gives each its own. More tokens than the context holds are the context."""
        given = {name: getattr(self, name) for name in ("temperature", "top_p", "top_k", "repetition_penalty", "seed")}
        given["max_new_tokens"] = None if self.longest is None else min(self.longest, context)
        sampling = replace(default, **{name: value for name, value in given.items() if value is not None})
        return [
            sampling if sampling.seed is None else replace(sampling, seed=sampling.seed + choice)
            for choice in range(self.n)
        ]

    @classmethod
    def of(cls, body: Any) -> Self:
        """The request that a JSON value is.

        Raises:
            ApiError: it is none, or asks for what is not offered.
        """
        if not isinstance(body, dict):
            raise ApiError(400, tr("Un objet JSON est attendu.", "A JSON object is expected."))
        for name, values in NEUTRAL.items():
            if name not in cls.model_fields and body.get(name) not in values:
                raise ApiError(
                    400,
                    tr(f"« {name} » n'est pas proposé ici : retirez-le.", f"`{name}` is not offered here: leave it out."),
                    code="unsupported_parameter", param=name,
                )  # fmt: skip
        try:
            given = {name: value for name, value in body.items() if value is not None}  # null: as if not there
            return cls.model_validate(
                {k: v for k, v in given.items() if k in cls.model_fields or (k not in IGNORED and k not in NEUTRAL)}
            )
        except ValidationError as error:
            raise _refused(error.errors()) from error


class ChatRequest(_Request):
    """Body of ``POST /v1/chat/completions``."""

    messages: list[_Message] = Field(min_length=1, max_length=MOST_MESSAGES)
    max_completion_tokens: int | None = Field(None, ge=1)
    logprobs: bool = False
    top_logprobs: int = Field(0, ge=0, le=MOST)

    @property
    def longest(self) -> int | None:
        """By the newer name or the older one.

        Raises:
            ApiError: they differ.
        """
        both = {self.max_completion_tokens, self.max_tokens} - {None}
        if len(both) == 2:
            raise ApiError(
                400,
                tr("max_tokens et max_completion_tokens disent deux choses : gardez-en un.",
                   "max_tokens and max_completion_tokens say two things: keep one."),
                param="max_tokens",
            )  # fmt: skip
        return both.pop() if both else None

    @property
    def top(self) -> int | None:
        """By `top_logprobs`, which says nothing without `logprobs`.

        Raises:
            ApiError: it stands alone.
        """
        if self.top_logprobs and not self.logprobs:
            raise ApiError(
                400,
                tr("top_logprobs demande aussi « logprobs » : true.", "top_logprobs asks for `logprobs`: true as well."),
                param="top_logprobs",
            )  # fmt: skip
        return self.top_logprobs if self.logprobs else None

    def turns(self) -> list[Message]:
        """A system message if there is one, then user and assistant in turn; several of one role in a row are one.

        Raises:
            ApiError: the order is another, or the last one is not the user's.
            InputError: the last message is empty, or one is too long.
        """
        joined: list[Message] = []
        for message in self.messages:
            role = "system" if message.role == "developer" else message.role
            same = [joined.pop()] if joined and joined[-1].role == role else []
            content = "\n".join([*(each.content for each in same), message.text])
            context = "\n".join(filter(None, [*(each.context for each in same), message.causette_context]))
            joined.append(Message(role=role, content=content, context=context))
        for turn in joined:
            check_length(turn.content)
            check_length(turn.context)
        system = [joined.pop(0)] if joined[0].role == "system" else []
        roles = [turn.role for turn in joined]
        if len(roles) % 2 == 0 or roles != (["user", "assistant"] * len(roles))[: len(roles)]:
            raise ApiError(
                400,
                tr("messages : un message « system » au plus, en tête, puis « user » et « assistant » tour à tour, "
                   "« user » en dernier.",
                   "messages: one `system` message at most, the first, then `user` and `assistant` in turn, `user` last."),
                param="messages",
            )  # fmt: skip
        *before, last = joined
        return [*system, *before, replace(last, content=checked_text(last.content))]


class CompletionRequest(_Request):
    """Body of ``POST /v1/completions``: text that the model goes on with, as it is."""

    prompt: str | Annotated[list[str], Field(min_length=1, max_length=MOST_CHOICES)] = ""

    @property
    def prompts(self) -> list[str]:
        """The texts to go on with.

        Raises:
            ApiError: they are more choices than one may ask for.
            InputError: one is too long.
        """
        prompts = [self.prompt] if isinstance(self.prompt, str) else self.prompt
        if len(prompts) * self.n > MOST_CHOICES:
            raise ApiError(
                400,
                tr(f"prompt : {MOST_CHOICES} réponses au plus à la fois (prompts × n).",
                   f"prompt: at most {MOST_CHOICES} answers at a time (prompts × n)."),
                param="prompt",
            )  # fmt: skip
        for prompt in prompts:
            check_length(prompt)
        return prompts


def _refused(faults: Sequence[Any]) -> ApiError:
    """The first fault that pydantic found; those in a union's other branches say nothing to the reader."""
    fault = faults[0]
    where = [str(part) for part in fault["loc"] if isinstance(part, int) or part in _NAMES]  # no branches of unions
    where = where or [str(fault["loc"][0])]
    name, shown = where[0], f"{fault['input']!r:.60}"
    if fault["type"] == "extra_forbidden":
        message = tr(f"Paramètre inconnu : « {name} ».", f"Unknown parameter: `{name}`.")
        return ApiError(400, message, code="unknown_parameter", param=name)
    if fault["type"] == "missing":
        message = tr(f"Il manque « {'.'.join(where)} ».", f"`{'.'.join(where)}` is missing.")
        return ApiError(400, message, code="missing_required_parameter", param=name)
    wanted = _wanted().get(where[-1], "") or " ".join(
        f"{sign} {fault['ctx'][bound]:g}" for bound, sign in _SIGNS if bound in fault.get("ctx", {})
    )
    wanted = tr(f" : il faut {wanted}", f": {wanted} expected") if wanted else ""
    message = tr(f"« {'.'.join(where)} » n'est pas valable{wanted} (reçu : {shown}).",
                 f"`{'.'.join(where)}` is not valid{wanted} (received: {shown}).")  # fmt: skip
    return ApiError(400, message, code="invalid_value", param=name)


def _wanted() -> dict[str, str]:
    """What some fields take."""
    several = tr(f"{MOST_CHOICES} au plus", f"at most {MOST_CHOICES}")
    return {
        "stop": tr(f"un texte de 1 à 200 caractères, ou une liste de tels ({several})",
                   f"a text of 1 to 200 characters, or a list of such ({several})"),
        "prompt": tr(f"un texte, ou une liste de textes ({several})", f"a text, or a list of texts ({several})"),
        "messages": tr(f"une liste de 1 à {MOST_MESSAGES} messages", f"a list of 1 to {MOST_MESSAGES} messages"),
        "role": tr("system, developer, user ou assistant", "system, developer, user or assistant"),
        "content": tr("un texte, ou une liste de parties de type « text »", "a text, or a list of parts of type `text`"),
        "tool_calls": tr("une liste vide : les outils ne sont pas proposés ici", "an empty list: tools are not offered here"),
    }  # fmt: skip


_NAMES = {name for kind in (ChatRequest, CompletionRequest, _Message, _StreamOptions) for name in kind.model_fields}
_SIGNS = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
