"""A proxy on the loopback interface behind which another server is farther away."""

from __future__ import annotations

import asyncio
import contextlib
import threading


class Delay:
    """Passes connections on to `target`, each byte later by half of the round trip. The speed stays what it is."""

    def __init__(self, target: str, round_trip: float) -> None:
        """`target` is HOST:PORT, `round_trip` in seconds."""
        host, port = target.rsplit(":", 1)
        self._target = ("127.0.0.1" if host == "localhost" else host, int(port))
        self._half = round_trip / 2
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.address = ""

    def __enter__(self) -> Delay:
        self._thread.start()
        listening = asyncio.start_server(self._passed, "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(10)
        # Engines take a registry of this name without TLS.
        self.address = f"localhost:{server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _passed(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        # The handshake of the connection is a round trip, too.
        await asyncio.sleep(2 * self._half)
        server, request = await asyncio.open_connection(*self._target)
        await asyncio.gather(self._pipe(client, request), self._pipe(server, answer))

    async def _pipe(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Reads on while what was read before is still on its way."""
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def arrive() -> None:
            while True:
                due, data = await on_the_way.get()
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                if not data:
                    break
                sink.write(data)
                await sink.drain()
            sink.close()

        arriving = asyncio.ensure_future(arrive())
        with contextlib.suppress(ConnectionError):
            while data := await source.read(1 << 16):
                on_the_way.put_nowait((self._loop.time() + self._half, data))
        on_the_way.put_nowait((self._loop.time() + self._half, b""))
        with contextlib.suppress(ConnectionError):
            await arriving
