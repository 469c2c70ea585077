"""A page in headless Chromium, through its devtools: size, script, keys, and what it complains of.

Needs the browser and aiohttp, which comes with Ray; tests skip without them.
"""

import asyncio
import itertools
import json
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0")
_SECONDS = 60
_TROUBLE = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")


class Page:
    """One open page. trouble: errors and messages of its console. asked: addresses it wanted."""

    def __init__(self, socket: Any) -> None:
        self._socket, self._ids = socket, itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self.trouble: list[str] = []
        self.asked: list[str] = []

    async def listen(self) -> None:
        """Until the browser goes."""
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            elif told["method"] in _TROUBLE:
                self.trouble.append(json.dumps(told["params"]))
            elif told["method"] == "Network.requestWillBeSent":
                self.asked.append(told["params"]["request"]["url"])

    async def call(self, method: str, **params: Any) -> Any:
        """A command of the protocol."""
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        told = await answer
        assert "error" not in told, told
        return told["result"]

    async def open(self, address: str, width: int, *, dark: bool = False) -> None:
        """Load it in a window of this width, as a phone below 600."""
        for domain in ("Runtime", "Log", "Page", "Network"):
            await self.call(f"{domain}.enable")
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        await self.call("Emulation.setDeviceMetricsOverride", **size)
        await self.call("Page.navigate", url=address)
        while not await self.run(f"document.readyState == 'complete' && location == {address!r}"):
            await asyncio.sleep(0.05)

    async def run(self, script: str) -> Any:
        """The value of an expression on the page."""
        told = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def press(self, key: str) -> None:
        """A key, down and up."""
        text = {"Enter": "\r"}.get(key, "")
        code = {"Tab": 9, "Enter": 13}[key]
        for kind in ("keyDown", "keyUp"):
            await self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                text=text if kind == "keyDown" else "",
                windowsVirtualKeyCode=code,
            )


def visit(use: Callable[[Page], Awaitable[T]]) -> T:
    """What `use` returns of a new page. Skips where there is no browser."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    found = found or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no chromium on this machine")
    pytest.importorskip("aiohttp", reason="aiohttp, which talks to the browser, is not installed")
    return asyncio.run(_visit(found, use))


async def _visit(browser: str, use: Callable[[Page], Awaitable[T]]) -> T:
    async with asyncio.timeout(_SECONDS), _opened(browser) as page:
        return await use(page)


@asynccontextmanager
async def _opened(browser: str) -> Any:
    import aiohttp

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        quiet = asyncio.subprocess.DEVNULL
        command = (browser, *_FLAGS, f"--user-data-dir={profile}", "about:blank")
        process = await asyncio.create_subprocess_exec(*command, stdout=quiet, stderr=quiet)
        try:
            port = await _port(Path(profile) / "DevToolsActivePort")
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                    targets = await answer.json()
                place = next(one for one in targets if one["type"] == "page")
                async with session.ws_connect(
                    place["webSocketDebuggerUrl"], max_msg_size=2**26
                ) as socket:
                    page = Page(socket)
                    listening = asyncio.create_task(page.listen())
                    yield page
                    listening.cancel()
        finally:
            process.kill()
            await process.wait()


async def _port(path: Path) -> int:
    while not path.exists() or "\n" not in path.read_text():
        await asyncio.sleep(0.05)
    return int(path.read_text().splitlines()[0])
