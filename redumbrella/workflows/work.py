"""The worker: it does what is scheduled, looks with the rules, and delivers what is due.

Three threads: the heart, which keeps what the worker has claimed; deliveries, which must not wait
for a training; and jobs, one after the other. Stopped, each ends what it is doing. Killed, another
worker, or this one when it starts again, takes over: see `state.jobs`.
"""

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from redumbrella.clock import now
from redumbrella.errors import UmbrellaError
from redumbrella.figures import counted
from redumbrella.masking import masked
from redumbrella.progress import silent
from redumbrella.settings.schedule import Schedule
from redumbrella.state.jobs import (
    BEAT_MICROSECONDS,
    MOST_TRIES,
    RUNNING,
    add_job,
    beat,
    bury_dead_workers,
    claim_job,
    drop_jobs,
    end_job,
    fail_job,
    start_worker,
    stop_worker,
    waiting_jobs,
)
from redumbrella.state.outbox import has_work
from redumbrella.views.rules import rules_in_use
from redumbrella.workflows.deliver import delivering
from redumbrella.workflows.fire_automations import Seen, fire_automations
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.rescore_changed import rescore_changed
from redumbrella.workflows.run import run
from redumbrella.workspace import Workspace, open_workspace

RUN, INGEST, LOOK = "run", "ingest", "look"
LOOK_MICROSECONDS = 60_000_000  # outcomes, silence and dates are looked for so often
_SECOND = 1_000_000
_IDLE_SECONDS = 1.0
_AGAIN_SECONDS = (60, 300, 1_800, 7_200)
Say = Callable[[str], None]


@dataclass
class Worker:
    """One worker of a workspace. say: is told what it does, a line each. once: whether it looks at
    once, and ends when nothing is due any more."""

    workspace: Workspace
    say: Say
    once: bool = False
    name: str = field(default="", init=False)
    _stopping: threading.Event = field(default_factory=threading.Event, init=False, repr=False)
    _lost: threading.Event = field(default_factory=threading.Event, init=False, repr=False)
    _settings_at: float = field(default=0.0, init=False, repr=False)
    _is_idle: bool = field(default=False, init=False, repr=False)
    _seen: Seen = field(default_factory=dict, init=False, repr=False)
    _planned: dict[str, int | None] = field(default_factory=dict, init=False, repr=False)

    def stop(self) -> None:
        """Lets it end when what it is doing is done."""
        self._stopping.set()

    def is_stopping(self) -> bool:
        """Whether it is to begin nothing more."""
        return self._stopping.is_set() or self._lost.is_set()

    def work(self) -> None:
        """Works until it is stopped. Raises EngineError where the database is gone at the start."""
        host, process, at = socket.gethostname(), os.getpid(), now()
        self.name = f"{host}-{process}-{at}"
        with self.workspace.state.writing() as connection:
            bury_dead_workers(connection, at)
            start_worker(connection, self.name, host, process, at)
        heart = threading.Thread(target=self._keep_alive, daemon=True)
        mails = threading.Thread(target=self._deliver, daemon=True)
        heart.start()
        mails.start()
        try:
            self._do_jobs()
        finally:
            self._stopping.set()
            mails.join()
            heart.join()
            with self.workspace.state.writing() as connection:
                stop_worker(connection, self.name)

    def _keep_alive(self) -> None:
        """The heart: renews what the worker holds, and takes over from workers that died."""
        while not self._stopping.wait(BEAT_MICROSECONDS / _SECOND / 2):
            try:
                with self.workspace.state.writing() as connection:
                    if not beat(connection, self.name, now()):
                        self.say(
                            "This worker was taken for dead, as its heart was silent: it ends."
                        )
                        self._lost.set()
                        return
                    bury_dead_workers(connection, now())
            except UmbrellaError as problem:
                self.say(f"The database does not answer: {problem.message}")

    def _deliver(self) -> None:
        with delivering(self.workspace, self.name, self.is_stopping) as deliverer:
            while not self.is_stopping():
                deliverer.workspace = self.workspace
                try:
                    count = deliverer.deliver_due()
                except UmbrellaError as problem:
                    self.say(f"Deliveries wait: {problem.message}")
                    count = 0
                except Exception as problem:  # a fault of ours: the next try may go well
                    self.say(f"Deliveries wait: {self._fault(problem)}")
                    count = 0
                if not count:
                    if self.once and self._is_idle:
                        return
                    self._stopping.wait(_IDLE_SECONDS)

    def _do_jobs(self) -> None:
        if self.once:
            with self.workspace.state.writing() as connection:
                add_job(connection, LOOK, now())
        while not self.is_stopping():
            try:
                self._open_again()
                self._plan_jobs()
                job = self._claimed()
                if job is not None:
                    self._do(job)
                    continue
            except UmbrellaError as problem:
                self.say(problem.message)
            self._is_idle = True
            if self.once and not self._has_work():
                return
            self._stopping.wait(_IDLE_SECONDS)

    def _claimed(self) -> dict[str, Any] | None:
        """The job that is due; asks for the right to write only where there is one."""
        with self.workspace.state.reading() as connection:
            waiting = waiting_jobs(connection)
        if all(one["state"] == RUNNING or one["due_at"] > now() for one in waiting):
            return None
        with self.workspace.state.writing() as connection:
            return claim_job(connection, self.name, now())

    def _has_work(self) -> bool:
        with self.workspace.state.reading() as connection:
            return has_work(connection, self.name, now())

    def _open_again(self) -> None:
        """Takes a changed umbrella.toml into use; a wrong one is said, and the old one stays."""
        path = self.workspace.root / "umbrella.toml"
        changed_at = path.stat().st_mtime if path.exists() else 0.0
        if changed_at == self._settings_at:
            return
        is_first, self._settings_at = self._settings_at == 0.0, changed_at
        if not is_first:
            self.workspace = open_workspace(self.workspace.root)
            self.say("umbrella.toml was changed: the new settings are in use.")

    def _plan_jobs(self) -> None:
        """One job of each schedule waits for its instant."""
        settings, at = self.workspace.settings, now()
        with self.workspace.state.reading() as connection:
            rules = [one for one in rules_in_use(settings, connection) if one.is_on]
        moments = [one.automation.trigger.at for one in rules]
        dues: dict[str, int | None] = {LOOK: _next_look(moments, at, settings.timezone)}
        for kind, schedule in ((RUN, settings.worker.run), (INGEST, settings.worker.ingest)):
            dues[kind] = None if schedule is None else schedule.next_after(at, settings.timezone)
        if dues == self._planned:
            return  # as mostly: this is asked each second, and writing would hold up others
        with self.workspace.state.writing() as connection:
            for kind, due in dues.items():
                drop_jobs(connection, kind, at, due)
                if due is not None:
                    add_job(connection, kind, due)
        self._planned = dues

    def _do(self, job: dict[str, Any]) -> None:
        """One job; what fails is tried again later, and said."""
        with self.workspace.state.writing() as connection:
            beat(connection, self.name, now(), job["kind"])
        try:
            message = self._done(job["kind"])
        except UmbrellaError as problem:
            self._failed(job, problem.message)
        except Exception as problem:  # a fault of ours: the worker goes on with the next job
            self._failed(job, self._fault(problem))
        else:
            if message:
                self.say(message)
            with self.workspace.state.writing() as connection:
                end_job(connection, job["id"], self.name, now(), message)
                beat(connection, self.name, now(), "")

    def _done(self, kind: str) -> str:
        if kind == RUN:
            run(self.workspace, silent)
            return f"Everything is up to date. {self._look()}".strip()
        if kind == INGEST:
            ingest(self.workspace, silent)
            again = rescore_changed(self.workspace)
            told = f"{counted(again.scored, 'lead')} scored again. " if again.scored else ""
            return f"Sources are read. {told}{self._look()}".strip()
        return self._look()

    def _look(self) -> str:
        """Looks with the rules; "" where none is on or nothing was planned."""
        with self.workspace.state.reading() as connection:
            rules = [one for one in rules_in_use(self.workspace.settings, connection) if one.is_on]
        if not rules:
            return ""
        fired = fire_automations(self.workspace, silent, self._seen)
        said = [f'"{name}" could not look: {why}' for name, why in fired.problems.items()]
        if fired.planned:
            said.insert(0, f"{counted(fired.planned, 'action')} planned.")
        return " ".join(said)

    def _fault(self, problem: Exception) -> str:
        """What an exception says, which may quote an address of a database."""
        return masked(f"{type(problem).__name__}: {problem}", *self.workspace.settings.addresses)

    def _failed(self, job: dict[str, Any], message: str) -> None:
        tries = job["tries"]
        pause = _AGAIN_SECONDS[min(tries, len(_AGAIN_SECONDS)) - 1]
        again = now() + pause * _SECOND if tries < MOST_TRIES else None
        self.say(f"{job['kind']} failed: {message}")
        with self.workspace.state.writing() as connection:
            fail_job(connection, job["id"], self.name, now(), message, again)


def _next_look(moments: list[Schedule | None], at: int, timezone: str) -> int:
    """When rules look next: at the next full minute, or at the next moment of a rule's schedule."""
    every = (at // LOOK_MICROSECONDS + 1) * LOOK_MICROSECONDS
    own = [one.next_after(at, timezone) for one in moments if one is not None]
    return min([every, *own])
