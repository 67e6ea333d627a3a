"""The server of the page: on this machine only, without a network, and with no file but those of the page."""

import errno
import math
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bench.faults import Fault, SettingsError
from bench.watch.description import best_servers, description
from bench.watch.footprints import coverage
from bench.watch.replay import Replay

HOST = "127.0.0.1"
HOSTS = (HOST, "localhost")
"""Names by which a browser may ask for the page: a page of another site may have another name for this address."""
KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
BINARY = "application/octet-stream"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
}
KEPT = 32
"""Number of parts that are kept after they were sent."""
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class SecureHeaders:
    """Adds `HEADERS` to every answer."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        """Answer a request."""

        async def sent(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] += [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            await send(message)

        await self.app(scope, receive, sent)


def page_files() -> dict[str, tuple[bytes, str]]:
    """Return the content and type of each file of the page, by its name."""
    folder = files("bench.watch") / "page"
    found = {each.name: each for each in folder.iterdir()}
    return {
        name: (each.read_bytes(), KINDS[f".{name.rpartition('.')[2]}"])
        for name, each in found.items()
        if f".{name.rpartition('.')[2]}" in KINDS
    }


def application(replay: Replay) -> Starlette:
    """Return the web application that shows a world."""
    answers = _Answers(replay, page_files(), lru_cache(KEPT)(replay.part))
    whole, covered = description(replay), coverage(replay.world)
    routes = [
        Route("/", lambda _: answers.page("index.html")),
        Route("/page/{name}", lambda request: answers.page(request.path_params["name"])),
        Route("/world.json", lambda _: JSONResponse(whole)),
        Route("/coverage", lambda _: Response(covered, media_type=BINARY)),
        Route("/overview", lambda _: Response(replay.overview, media_type=BINARY)),
        Route("/parts/{number:int}", answers.part),
        Route("/calls/{number:int}", answers.calls),
        Route("/best", answers.best),
    ]
    middleware = [Middleware(SecureHeaders), Middleware(TrustedHostMiddleware, allowed_hosts=list(HOSTS))]
    return Starlette(routes=routes, middleware=middleware)


@dataclass(frozen=True)
class _Answers:
    """Answers that depend on the request; an impossible request is answered by 400 or 404."""

    replay: Replay
    files: dict[str, tuple[bytes, str]]
    packed_part: Callable[[int], bytes]

    def page(self, name: str) -> Response:
        """Return a file of the page."""
        if name not in self.files:
            raise HTTPException(404, "there is no such file")
        content, kind = self.files[name]
        return Response(content, media_type=kind)

    def part(self, request: Request) -> Response:
        """Return a part of time."""
        return Response(self.packed_part(_number(request, self.replay.parts)), media_type=BINARY)

    def calls(self, request: Request) -> Response:
        """Return the calls of a phone."""
        user = _number(request, len(self.replay.world.names.user))
        return Response(self.replay.calls_of(user), media_type=BINARY)

    def best(self, request: Request) -> Response:
        """Return the cells that are heard at a point."""
        plane = self.replay.world.scene.plane
        x, y = _coordinate(request, "x", plane.width_m), _coordinate(request, "y", plane.height_m)
        return JSONResponse(best_servers(self.replay.world, x, y))


def _number(request: Request, below: int) -> int:
    number = int(request.path_params["number"])
    if number >= below:
        raise HTTPException(404, f"the number must be below {below}")
    return number


def _coordinate(request: Request, name: str, most: float) -> float:
    try:
        value = float(request.query_params[name])
    except (KeyError, ValueError) as error:
        raise HTTPException(400, f"{name} must be a number") from error
    if not (math.isfinite(value) and 0 <= value <= most):
        raise HTTPException(400, f"{name} must be in [0, {most:g}]")
    return value


def bound(port: int) -> socket.socket:
    """Return a socket that is bound to a port of this machine; 0: one that is free.

    Raises
    ------
    SettingsError
        When the port cannot be had.
    """
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((HOST, port))
    except OSError as error:
        found.close()
        why = "in use" if error.errno == errno.EADDRINUSE else "refused by the system"
        rule = f"be one that is free: this one is {why} (port=0 takes a free one)"
        raise SettingsError([Fault("port", rule, port)]) from error
    return found


def serve(app: Starlette, on: socket.socket) -> None:
    """Answer requests until the program is interrupted; raise the interruption again at the end."""
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
    config.timeout_graceful_shutdown = 1
    uvicorn.Server(config).run(sockets=[on])
