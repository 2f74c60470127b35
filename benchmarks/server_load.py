"""The server under strain: what a normal page takes beside slow heads, stalled downloads, a crowd.

    .venv/bin/python benchmarks/server_load.py [--leads 20000] [--seconds 20] [--database URL]

Starts `umbrella serve` on a free port of 127.0.0.1 over the company of the tests, and asks it with
a plain asyncio client. Prints one Markdown table; results/server.md keeps those of recorded runs.
"""

import argparse
import asyncio
import math
import resource
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from sample_company import fill_workspace

PAGE = "/leads?page_size=50"
PATIENCE = 10.0  # seconds after which a normal page counts as failed
CROWD = 200
FILES = 1_024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "company"
        fill_workspace(root, asked.leads, asked.database).state.close()
        print("| part | asked | answered | mean ms | p95 ms | largest ms | per s | server MB |")
        print("|---|---:|---:|---:|---:|---:|---:|---:|")
        for part in (alone, slow_heads, stalled_downloads, crowd):
            with subprocess.Popen(
                [sys.executable, "-m", "redumbrella", "serve", "-w", root, "--port", str(free())],
                stdout=subprocess.PIPE,
                text=True,
                preexec_fn=few_files,  # noqa: PLW1509  no threads run here
            ) as server:
                try:
                    assert server.stdout is not None
                    port = int(server.stdout.readline().rpartition("127.0.0.1:")[2].split("/")[0])
                    asyncio.run(measured(part, port, server.pid, asked.seconds))
                finally:
                    server.kill()


async def measured(part, port: int, pid: int, seconds: float) -> None:
    for _ in range(100):  # warm, once it is up
        if await page(port) is not None:
            break
        await asyncio.sleep(0.2)
    for _ in range(5):
        await page(port)
    started = time.monotonic()
    name, found = await part(port, seconds)
    lasted = time.monotonic() - started
    good = sorted(took for took in found if took is not None)
    p95 = good[math.ceil(0.95 * len(good)) - 1] if good else math.nan
    mean = sum(good) / len(good) if good else math.nan
    print(
        f"| {name} | {len(found)} | {len(good)} | {1e3 * mean:.0f} | {1e3 * p95:.0f} | "
        f"{1e3 * max(good, default=math.nan):.0f} | {len(good) / lasted:.0f} | {memory(pid)} |",
        flush=True,
    )


async def alone(port: int, _seconds: float):
    return "alone, one after the other", [await page(port) for _ in range(50)]


async def slow_heads(port: int, _seconds: float):
    """1,000 connections that send one letter of a head every second."""
    tasks = [asyncio.create_task(slow_head(port)) for _ in range(1_000)]
    await asyncio.sleep(3.0)
    found = [await page(port) for _ in range(50)]
    await end(tasks)
    return "beside 1,000 slow heads", found


async def stalled_downloads(port: int, _seconds: float):
    """100 downloads whose clients read nothing."""
    tasks = [asyncio.create_task(stalled(port)) for _ in range(100)]
    await asyncio.sleep(5.0)
    found = []
    for _ in range(50):
        found.append(await page(port))
        if found[-3:] == [None] * 3:
            break  # it stands still
    await end(tasks)
    return "beside 100 stalled downloads", found


async def crowd(port: int, seconds: float):
    """Clients that ask for pages, one after the other each."""
    until, found = time.monotonic() + seconds, []

    async def client() -> None:
        while time.monotonic() < until:
            found.append(await page(port))

    await asyncio.gather(*(client() for _ in range(CROWD)))
    return f"{CROWD} clients for {seconds:g} s", found


async def page(port: int) -> float | None:
    """Seconds that one page takes on a connection of its own; None for anything but a 200."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            head = f"GET {PAGE} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
            writer.write(head.encode())
            answer = await reader.read(-1)
            writer.close()
    except (OSError, TimeoutError):
        return None
    return time.monotonic() - started if answer.startswith(b"HTTP/1.1 200") else None


async def slow_head(port: int) -> None:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /leads HTTP/1.1\r\nX-Slow: ")
        while True:
            await asyncio.sleep(1.0)
            writer.write(b"a")
            await writer.drain()
    except OSError:
        return


async def stalled(port: int) -> None:
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    taken.setblocking(False)
    loop = asyncio.get_running_loop()
    with taken:
        try:
            await loop.sock_connect(taken, ("127.0.0.1", port))
            head = b"GET /api/v1/leads.jsonl HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
            await loop.sock_sendall(taken, head)
            await asyncio.sleep(600)
        except OSError:
            return


async def end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def memory(pid: int) -> int:
    """The most memory that the server has held, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024)
    return 0


def few_files() -> None:
    """The server may open as many files as most systems give a process."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))


def free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


if __name__ == "__main__":
    main()
