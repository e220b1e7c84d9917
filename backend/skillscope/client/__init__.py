"""A typed Python client of the HTTP API, for scripts (`Client`) and for programs that await (`AsyncClient`)."""

from skillscope.client.calls import Call
from skillscope.client.clients import AsyncClient, Client
from skillscope.client.errors import ServiceError

__all__ = ["AsyncClient", "Call", "Client", "ServiceError"]
