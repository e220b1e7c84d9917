"""The two clients. Each method of `Calls` is one of theirs, with the same arguments and its answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Final, Generic, ParamSpec, Self, TypeVar

import httpx
from pydantic import TypeAdapter

from skillscope.client.calls import Call, Calls
from skillscope.client.errors import ServiceError

__all__ = ["AsyncClient", "Client"]

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

_AGAIN: Final = frozenset({429, 503})
_IN_FLIGHT: Final = "in-flight"
_LONGEST_WAIT: Final = 60.0


def _read(call: Call[Answer], response: httpx.Response) -> Answer:
    if response.status_code >= httpx.codes.BAD_REQUEST:
        try:
            body = response.json()
        except ValueError:
            body = {}
        after = response.headers.get("retry-after", "")
        told = body if isinstance(body, dict) else {}
        raise ServiceError(response.status_code, told, retry_after=float(after) if after.isdecimal() else None)
    if call.answer is bytes:
        return response.content  # type: ignore[return-value]  # Answer is bytes here
    if call.answer is type(None):
        return None  # Answer is None here
    return TypeAdapter(call.answer).validate_json(response.content)


def _request(call: Call[Any]) -> dict[str, Any]:
    given: dict[str, Any] = {"params": dict(call.query), "headers": dict(call.headers)}
    if call.content is not None:
        given["content"] = call.content
    elif call.body is not None:
        given["json"] = call.body
    return given


def _wait(call: Call[Any], error: Exception, attempt: int, tries: int) -> float | None:
    """Seconds until a call is sent again; None where it is not."""
    if attempt + 1 >= tries or not call.repeatable:
        return None
    if isinstance(error, ServiceError):
        if error.status in _AGAIN or error.kind == _IN_FLIGHT:
            return min(error.retry_after if error.retry_after is not None else 2.0**attempt, _LONGEST_WAIT)
        return None
    return 0.2 * 2.0**attempt


class _Sent(Generic[Given, Answer]):
    """A call as a method of `Client`, with its arguments and its answer's type."""

    def __init__(self, call: Callable[Given, Call[Answer]]) -> None:
        self.call = call
        self.__doc__ = call.__doc__

    def __get__(self, client: "Client", owner: "type[Client]") -> Callable[Given, Answer]:
        def send(*given: Given.args, **named: Given.kwargs) -> Answer:
            return client.send(self.call(*given, **named))

        return send


class _Awaited(Generic[Given, Answer]):
    """A call as a method of `AsyncClient`."""

    def __init__(self, call: Callable[Given, Call[Answer]]) -> None:
        self.call = call
        self.__doc__ = call.__doc__

    def __get__(self, client: "AsyncClient", owner: "type[AsyncClient]") -> Callable[Given, Awaitable[Answer]]:
        def send(*given: Given.args, **named: Given.kwargs) -> Awaitable[Answer]:
            return client.send(self.call(*given, **named))

        return send


class Client:
    """The API for scripts. A call whose answer did not come, or that came too early, is sent again up to `tries` times.

        with Client("http://127.0.0.1:8000", token) as api:
            api.register("s-0147", grade=4)
            api.add_responses("s-0147", [{"text": "She looked sad, so I asked what was wrong."}])
            scores = api.assess("s-0147").scores

    Raises:
        ServiceError: the service refused; it carries the problem.
        httpx.HTTPError: the service cannot be reached.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        tries: int = 4,
        timeout: float = 120.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)
        self._tries = tries

    def send(self, call: Call[Answer]) -> Answer:
        """Send a call and read its answer."""
        attempt = 0
        while True:
            try:
                return _read(call, self._http.request(call.method, call.path, **_request(call)))
            except (ServiceError, httpx.TransportError) as error:
                wait = _wait(call, error, attempt, self._tries)
                if wait is None:
                    raise
            time.sleep(wait)
            attempt += 1

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    ready = _Sent(Calls.ready)
    register = _Sent(Calls.register)
    student = _Sent(Calls.student)
    add_responses = _Sent(Calls.add_responses)
    add_events = _Sent(Calls.add_events)
    add_many_responses = _Sent(Calls.add_many_responses)
    add_many_events = _Sent(Calls.add_many_events)
    add_statements = _Sent(Calls.add_statements)
    statement = _Sent(Calls.statement)
    statements = _Sent(Calls.statements)
    add_envelope = _Sent(Calls.add_envelope)
    assess = _Sent(Calls.assess)
    last_assessment = _Sent(Calls.last_assessment)
    history = _Sent(Calls.history)
    assess_many = _Sent(Calls.assess_many)
    score_features = _Sent(Calls.score_features)
    classes = _Sent(Calls.classes)
    put_class = _Sent(Calls.put_class)
    remove_class = _Sent(Calls.remove_class)
    class_students = _Sent(Calls.class_students)
    enrol_student = _Sent(Calls.enrol_student)
    withdraw_student = _Sent(Calls.withdraw_student)
    enrol_teacher = _Sent(Calls.enrol_teacher)
    withdraw_teacher = _Sent(Calls.withdraw_teacher)
    models = _Sent(Calls.models)
    reload_model = _Sent(Calls.reload_model)
    export = _Sent(Calls.export)
    accesses = _Sent(Calls.accesses)
    erase = _Sent(Calls.erase)


class AsyncClient:
    """The same for programs that await; see `Client`."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        tries: int = 4,
        timeout: float = 120.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout, transport=transport)
        self._tries = tries

    async def send(self, call: Call[Answer]) -> Answer:
        """Send a call and read its answer."""
        attempt = 0
        while True:
            try:
                return _read(call, await self._http.request(call.method, call.path, **_request(call)))
            except (ServiceError, httpx.TransportError) as error:
                wait = _wait(call, error, attempt, self._tries)
                if wait is None:
                    raise
            await asyncio.sleep(wait)
            attempt += 1

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    ready = _Awaited(Calls.ready)
    register = _Awaited(Calls.register)
    student = _Awaited(Calls.student)
    add_responses = _Awaited(Calls.add_responses)
    add_events = _Awaited(Calls.add_events)
    add_many_responses = _Awaited(Calls.add_many_responses)
    add_many_events = _Awaited(Calls.add_many_events)
    add_statements = _Awaited(Calls.add_statements)
    statement = _Awaited(Calls.statement)
    statements = _Awaited(Calls.statements)
    add_envelope = _Awaited(Calls.add_envelope)
    assess = _Awaited(Calls.assess)
    last_assessment = _Awaited(Calls.last_assessment)
    history = _Awaited(Calls.history)
    assess_many = _Awaited(Calls.assess_many)
    score_features = _Awaited(Calls.score_features)
    classes = _Awaited(Calls.classes)
    put_class = _Awaited(Calls.put_class)
    remove_class = _Awaited(Calls.remove_class)
    class_students = _Awaited(Calls.class_students)
    enrol_student = _Awaited(Calls.enrol_student)
    withdraw_student = _Awaited(Calls.withdraw_student)
    enrol_teacher = _Awaited(Calls.enrol_teacher)
    withdraw_teacher = _Awaited(Calls.withdraw_teacher)
    models = _Awaited(Calls.models)
    reload_model = _Awaited(Calls.reload_model)
    export = _Awaited(Calls.export)
    accesses = _Awaited(Calls.accesses)
    erase = _Awaited(Calls.erase)
