"""The server: on this machine only, nothing but the page and its world, and no way for other sites."""

import re
import socket
from collections.abc import Iterator

import pytest
from shown_worlds import Shown
from starlette.testclient import TestClient

from bench.faults import SettingsError
from bench.watch.binary import unpacked
from bench.watch.server import HEADERS, HOST, application, bound, page_files


@pytest.fixture(scope="module")
def client(demo: Shown) -> Iterator[TestClient]:
    with TestClient(application(demo.replay), base_url=f"http://{HOST}:8765") as found:
        yield found


def test_the_page_and_all_that_it_names_is_served(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    named = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(named) >= 3
    scripts = {name: client.get(f"/page/{name}").text for name in page_files() if name.endswith(".js")}
    named += [f"/page/{name}" for text in scripts.values() for name in re.findall(r'from "\./([\w.]+)"', text)]
    for path in named:
        assert client.get(path).status_code == 200, path
    for path in ("/coverage", "/overview", "/parts/0", "/calls/0"):
        assert unpacked(client.get(path).content)


def test_the_page_needs_no_network_and_no_code_in_its_text() -> None:
    """Its content security policy would stop both; no colour or text comes from elsewhere either."""
    for name, (content, _) in page_files().items():
        text = content.decode()
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), name
        assert not re.search(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function)\b", text), (
            name
        )
        if name.endswith(".html"):
            assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style", text)


@pytest.mark.parametrize("path", ["/", "/parts/0", "/nowhere", "/best?x=a", "/world.json"])
def test_every_answer_is_locked_to_this_page(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert all(answer.headers[name] == value for name, value in HEADERS.items())
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1.example.org", "", "0.0.0.0", "localhost.example.org:8765"])
def test_another_name_for_this_machine_is_refused(client: TestClient, host: str) -> None:
    """A page of another site may have its name lead to 127.0.0.1, to read what is served here (DNS rebinding)."""
    answer = client.get("/world.json", headers={"host": host})
    assert answer.status_code == 400
    assert "clock" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8765", "localhost:9"])
def test_this_machine_is_served(client: TestClient, host: str) -> None:
    assert client.get("/world.json", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/page/../server.py", "/page/%2e%2e/server.py", "/page/..%2fserver.py", "/page/%2fetc%2fpasswd", "/page/",
        "/page/__init__.py", "/parts/99999", "/parts/-1", "/parts/x", "/parts/1e3", "/calls/16000", "/calls/-1",
        "/worlds",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert len(answer.content) < 100


@pytest.mark.parametrize("query", ["", "x=1", "x=1&y=a", "x=nan&y=1", "x=-1&y=1", "x=1&y=inf", "x=1&y=20001"])
def test_a_point_must_be_on_the_plane(client: TestClient, query: str) -> None:
    assert client.get(f"/best?{query}").status_code == 400


def test_nothing_can_be_changed(client: TestClient) -> None:
    for method in ("post", "put", "delete", "patch"):
        assert getattr(client, method)("/parts/0").status_code == 405


def test_the_description_has_places_names_and_the_truth(client: TestClient, demo: Shown, labelled: Shown) -> None:
    world = client.get("/world.json").json()
    assert [each["name"] for each in world["cells"]] == [f"cell_00{number}" for number in range(6)]
    assert world["clock"]["length"] == 2 * 86_400_000
    assert world["windows"] == {"width": 21_000, "slide": 7_000, "number": 24_683}
    assert [(each["type"], each["start"]) for each in world["incidents"]] == [
        ("configured_failure", 0), ("configured_failure", 180_000), ("configured_failure", 300_000),
    ]  # fmt: skip
    with TestClient(application(labelled.replay), base_url=f"http://{HOST}") as other:
        found = other.get("/world.json").json()["incidents"]
    incidents, users = labelled.frame("incidents"), labelled.replay.world.names.user.to_pylist()
    assert [each["name"] for each in found] == incidents["incident_id"].to_list()
    assert [each["start"] for each in found] == labelled.after(incidents["start_ts"]).to_list()
    assert [[users[number] for number in each["users"]] for each in found] == incidents["actors"].to_list()


def test_a_port_that_is_taken_is_one_clear_error() -> None:
    with bound(0) as one:
        assert one.getsockname()[0] == HOST
        one.listen()
        taken = one.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port must be one that is free.*port=0.*, got {taken}"):
            bound(taken)


def test_only_this_machine_can_connect() -> None:
    with bound(0) as server:
        server.listen()
        address = next(
            (info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
             if not str(info[4][0]).startswith("127.")), None,
        )  # fmt: skip
        if address is None:
            pytest.skip("this machine has no other address")
        with socket.socket() as caller:
            caller.settimeout(2)
            assert caller.connect_ex((str(address), server.getsockname()[1])) != 0
