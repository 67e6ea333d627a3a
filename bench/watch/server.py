"""The server of the page: on this machine only, without a network, and with no file but those of the page."""

import errno
import math
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache, partial
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
    page, part = page_files(), lru_cache(KEPT)(replay.part)

    def file(request: Request, name: str = "") -> Response:
        wanted = name or request.path_params["name"]
        if wanted not in page:
            raise HTTPException(404, "there is no such file")
        return Response(page[wanted][0], media_type=page[wanted][1])

    def piece(request: Request) -> Response:
        number = request.path_params["number"]
        if number >= replay.parts:
            raise HTTPException(404, f"the number must be below {replay.parts}")
        return Response(part(number), media_type=BINARY)

    def calls(request: Request) -> Response:
        number, users = request.path_params["number"], len(replay.world.names.user)
        if number >= users:
            raise HTTPException(404, f"the number must be below {users}")
        return Response(replay.calls_of(number), media_type=BINARY)

    whole, covered = description(replay), coverage(replay.world)
    routes = [
        Route("/", partial(file, name="index.html")),
        Route("/page/{name}", file),
        Route("/world.json", lambda _: JSONResponse(whole)),
        Route("/coverage", lambda _: Response(covered, media_type=BINARY)),
        Route("/overview", lambda _: Response(replay.overview, media_type=BINARY)),
        Route("/parts/{number:int}", piece),
        Route("/calls/{number:int}", calls),
        Route("/best", lambda request: JSONResponse(_best(replay, request))),
    ]
    middleware = [Middleware(SecureHeaders), Middleware(TrustedHostMiddleware, allowed_hosts=list(HOSTS))]
    return Starlette(routes=routes, middleware=middleware)


def _best(replay: Replay, request: Request) -> list[dict[str, Any]]:
    """Return the cells heard at the point that a request asks for."""
    plane = replay.world.scene.plane
    found = []
    for name, most in (("x", plane.width_m), ("y", plane.height_m)):
        try:
            value = float(request.query_params[name])
        except (KeyError, ValueError) as error:
            raise HTTPException(400, f"{name} must be a number") from error
        if not (math.isfinite(value) and 0 <= value <= most):
            raise HTTPException(400, f"{name} must be in [0, {most:g}]")
        found.append(value)
    return best_servers(replay.world, *found)


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
