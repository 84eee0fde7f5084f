"""The control socket of a running lab: one JSON request per line, one JSON answer per line."""

from __future__ import annotations

import asyncio
import json
import tempfile
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

LONGEST_SOCKET_PATH = 100
LINE_LIMIT = 64 * 1024 * 1024
Handler = Callable[[str, dict[str, Any]], Awaitable[Any]]


def socket_path(directory: Path) -> Path:
    """Return a path short enough for AF_UNIX: in the lab's directory, or in a temporary one."""
    path = directory / "control"
    if len(str(path)) <= LONGEST_SOCKET_PATH:
        return path
    return Path(tempfile.mkdtemp(prefix="nimlab")) / "control"


class Control:
    """Serves requests; a request that raises answers with the error's text."""

    def __init__(self, path: Path, handler: Handler) -> None:
        self._path, self._handler = path, handler
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self._path), limit=LINE_LIMIT)
        self._path.chmod(0o600)

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                request = json.loads(line)
                try:
                    answer = {"ok": await self._handler(request["do"], request.get("args", {}))}
                except (ValueError, OSError) as error:
                    answer = {"error": str(error)}
                except Exception as error:  # noqa: BLE001 - one bad request must not end the conversation
                    answer = {"error": f"defect of the lab, see server.log: {error!r}"}
                    traceback.print_exc()
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, json.JSONDecodeError, asyncio.CancelledError):
            # the asker is gone, or the lab ends
            return
        finally:
            writer.close()
