"""A real HTTP server on loopback that speaks OpenAI's and Gemini's wire formats, with scripted faults."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "sk-test-secret-never-written"
"""The key that clients send; it may stand nowhere else."""


@dataclass
class Seen:
    """One request as it arrived."""

    number: int
    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def gemini(self) -> bool:
        return ":generateContent" in self.path

    @property
    def prompt(self) -> str:
        """The text of the last user turn."""
        if self.gemini:
            return str(self.body["contents"][-1]["parts"][0]["text"])
        return str(self.body["messages"][-1]["content"])

    @property
    def prompts(self) -> str:
        """The text of all turns."""
        if self.gemini:
            return "\n".join(part["text"] for turn in self.body["contents"] for part in turn["parts"])
        return "\n".join(message["content"] for message in self.body["messages"])


@dataclass
class Reply:
    """What goes back. `text` is the model's answer; the rest are ways to spoil it."""

    text: str = "{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    finish: str = "stop"
    hang: float = 0.0
    close: bool = False
    cut_body: bool = False
    raw: bytes | None = None
    tokens: tuple[int, int] = (100, 50)


Script = Callable[[Seen], Reply]


class ProviderServer:
    """`openai_url` and `gemini_url` are base addresses; `seen` is every request so far; `script` may be replaced."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.seen: list[Seen] = []
        self.lock = threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with owner.lock:
                    seen = Seen(len(owner.seen), self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                    owner.seen.append(seen)
                owner.reply(self, seen)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def openai_url(self) -> str:
        return f"{self.address}/v1"

    def url(self, provider: str) -> str:
        return self.openai_url if provider == "openai" else self.address

    def reply(self, handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        reply = self.script(seen)
        if reply.hang:
            time.sleep(reply.hang)
        if reply.close:
            handler.close_connection = True
            handler.connection.close()
            return
        content = reply.raw if reply.raw is not None else json.dumps(self._body(seen, reply)).encode()
        try:
            handler.send_response(reply.status)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(content)))
            for name, value in reply.headers.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(content[: len(content) // 2] if reply.cut_body else content)
            if reply.cut_body:
                handler.close_connection = True
        except OSError:
            handler.close_connection = True  # the client has gone: that is what a timeout test wants

    @staticmethod
    def _body(seen: Seen, reply: Reply) -> dict[str, Any]:
        if reply.status != 200:
            return {"error": reply.error or {"message": "scripted fault", "code": str(reply.status)}}
        given, made = reply.tokens
        if seen.gemini:
            finish = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}[reply.finish]
            return {
                "candidates": [
                    {"content": {"role": "model", "parts": [{"text": reply.text}]}, "finishReason": finish, "index": 0}
                ],
                "usageMetadata": {
                    "promptTokenCount": given,
                    "candidatesTokenCount": made,
                    "totalTokenCount": given + made,
                },
                "modelVersion": "scripted",
            }
        return {
            "id": f"chatcmpl-{seen.number}",
            "object": "chat.completion",
            "created": 1,
            "model": seen.body["model"],
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": reply.text}, "finish_reason": reply.finish}
            ],
            "usage": {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made},
        }

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
