"""Promises about faults: when killed, stopped, given new weights, out of disk, or its clock jumps, nothing is lost."""

import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir

import handwriting
import pytest
import torch
from conftest import HOME, LINE_TIMEOUT, RunningServer, children, free_port, started
from test_closed import measured, rest
from test_corrections import correct, exported, post_correction
from test_server import PICTURES, ask, post

from net import checkpoint
from net.latest import LatestRecognizer
from net.lenet import LeNet
from net.recognizer import Calibration
from net.serving import processes
from net.serving.metrics import FOLDER

linux_only = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux")


def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait until ``is_so()``."""
    deadline = time.monotonic() + LINE_TIMEOUT
    while not is_so():
        assert time.monotonic() < deadline, f"timed out: {what}"
        time.sleep(0.02)


@dataclass
class Load:
    """Clients that repeat requests until refused, each over one connection for as long as it is kept alive."""

    port: int
    may_be_reset: bool = False  # the kernel may accept a connection while the last process closes the socket
    answers: list[tuple[int, int, dict]] = field(default_factory=list)  # digit of the picture, status, answer
    broken: list[str] = field(default_factory=list)  # requests that got no complete answer
    refused: int = 0  # clients whose new connection was refused
    over: threading.Event = field(default_factory=threading.Event)

    def client(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LINE_TIMEOUT)
        rng = random.Random(number)
        while not self.over.is_set():
            digit = rng.randrange(10)
            is_new = connection.sock is None
            if is_new:
                try:
                    connection.connect()
                except ConnectionError:
                    self.refused += 1
                    return
            try:
                connection.request("POST", "/predict", PICTURES[digit].read_bytes(), {"Content-Type": "image/png"})
                answer = connection.getresponse()  # closes the connection if the server said so
                self.answers.append((digit, answer.status, json.loads(answer.read())))
            except (OSError, http.client.HTTPException, ValueError) as error:
                if is_new and self.may_be_reset and isinstance(error, ConnectionResetError):
                    self.refused += 1
                    return
                self.broken.append(repr(error))
                return

    @contextmanager
    def running(self, clients: int = 6) -> Iterator["Load"]:
        threads = [threading.Thread(target=self.client, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        try:
            until(lambda: len(self.answers) > 4 * clients or bool(self.broken), "answers under load")
            yield self
        finally:
            self.over.set()
            for thread in threads:
                thread.join(LINE_TIMEOUT)
        assert not any(thread.is_alive() for thread in threads), "no client may hang"

    def assert_all_right(self) -> None:
        assert self.broken == []
        assert [(status, answer["digit"]) for _, status, answer in self.answers] == [
            (200, digit) for digit, _, _ in self.answers
        ]


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return True
    return False


# ---------------------------------------------------------------------------------------------- killed and stopped


@pytest.mark.parametrize("flags", [[], ["--processes", "2"]], ids=["one process", "two processes"])
def test_killed_under_load_it_starts_again_at_its_port_and_has_lost_nothing(tmp_path: Path, flags: list[str]):
    kept, told = tmp_path / "kept", []
    with started(tmp_path, "--corrections", str(kept), *flags) as first:

        def correcting() -> None:
            try:
                for number in range(10_000):
                    if correct(first, handwriting.by_hand(number % 10, number), number % 10).json["new"]:
                        told.append(number)
            except (OSError, http.client.HTTPException):
                pass

        corrector = threading.Thread(target=correcting)
        corrector.start()
        with Load(first.port).running(4) as load:
            until(lambda: len(told) >= 20, "corrections")
            first.process.kill()
        corrector.join(LINE_TIMEOUT)
    assert {status for _, status, _ in load.answers} == {200}
    until(lambda: refuses(first.port), "the port to be free: whoever was started by it ends as well")
    with started(tmp_path, "--corrections", str(kept), "--port", str(first.port), *flags) as second:
        for path in PICTURES:
            assert post(second, path.read_bytes(), "image/png").json["digit"] == int(path.stem)
        assert len(exported(second)) in (len(told), len(told) + 1), "the last may be kept without an answer"
        for number in told:
            assert correct(second, handwriting.by_hand(number % 10, number), number % 10).json["new"] is False


@pytest.mark.parametrize("flags", [[], ["--processes", "2"]], ids=["one process", "two processes"])
def test_told_to_stop_under_load_it_answers_whoever_it_let_in(tmp_path: Path, flags: list[str]):
    with (
        started(tmp_path, "--drain-seconds", str(LINE_TIMEOUT), *flags) as running,
        Load(running.port, may_be_reset=bool(flags)).running() as load,
    ):
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(LINE_TIMEOUT / 2) == 0, "busy clients must not delay the end"
        until(lambda: load.refused == 6 or bool(load.broken), "new connections to be refused")
    load.assert_all_right()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("flags", [[], ["--processes", "2"]], ids=["one process", "two processes"])
def test_told_to_stop_all_at_once_it_answers_whoever_it_let_in(
    tmp_path: Path, flags: list[str], number: signal.Signals
):
    """A terminal and systemd send the signal to all of a command's processes."""
    with started(tmp_path, *flags) as running, socket.create_connection(("127.0.0.1", running.port)) as connection:
        picture = PICTURES[4].read_bytes()
        head = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"
        connection.sendall((head % len(picture)).encode() + picture[:100])
        assert post(running, PICTURES[5].read_bytes(), "image/png").json["digit"] == 5, "the other is accepted by now"
        everybody = [running.process.pid, *(children(running.process.pid) if flags else [])]
        for pid in everybody:
            os.kill(pid, number)
        until(lambda: refuses(running.port), "the port to be closed")
        connection.sendall(picture[100:])
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert json.loads(answer.read())["digit"] == 4
        assert running.process.wait(LINE_TIMEOUT) == 0


def test_told_to_stop_once_more_it_waits_for_nobody(tmp_path: Path):
    flags = ("--header-seconds", str(2 * LINE_TIMEOUT), "--drain-seconds", str(2 * LINE_TIMEOUT))
    with started(tmp_path, *flags) as running, socket.create_connection(("127.0.0.1", running.port)) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost:")
        assert post(running, PICTURES[5].read_bytes(), "image/png").json["digit"] == 5, "the other is accepted by now"

        def has_ended() -> bool:
            running.process.send_signal(signal.SIGTERM)
            return running.process.poll() is not None

        until(has_ended, "the end")
        assert running.process.returncode != 0


WITH_CTRL_BREAK = """
import runpy, signal, sys
signal.SIGBREAK = signal.SIGUSR2  # which has its number on Windows only
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_ctrl_break_stops_it_on_windows_as_gently_as_ctrl_c(tmp_path: Path):
    wrapper = tmp_path / "wrapper.py"
    wrapper.write_text(WITH_CTRL_BREAK)
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"
    picture = PICTURES[4].read_bytes()
    with (
        started_by([str(wrapper)], tmp_path, "--no-corrections") as running,
        socket.create_connection(("127.0.0.1", running.port), LINE_TIMEOUT) as connection,
    ):
        connection.sendall(head % len(picture) + picture[:100])
        assert post(running, PICTURES[5].read_bytes(), "image/png").json["digit"] == 5, "the other is accepted by now"
        running.process.send_signal(signal.SIGUSR2)
        connection.sendall(picture[100:])
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert json.loads(answer.read())["digit"] == 4
        assert running.process.wait(LINE_TIMEOUT) == 0


def test_told_to_stop_it_waits_no_longer_than_ever_for_a_request_that_does_not_arrive(tmp_path: Path):
    flags = ("--header-seconds", "1", "--drain-seconds", str(2 * LINE_TIMEOUT))
    with started(tmp_path, *flags) as running, socket.create_connection(("127.0.0.1", running.port)) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost:")
        assert post(running, PICTURES[5].read_bytes(), "image/png").json["digit"] == 5, "the other is accepted by now"
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(LINE_TIMEOUT) == 0
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 408


# ---------------------------------------------------------------------------------------------- while it starts


@contextmanager
def starting(folder: Path, *flags: str) -> Iterator[subprocess.Popen]:
    """Run server.py; yields its process before it is ready."""
    command = [sys.executable, str(HOME / "server.py"), "--port", "0", "--corrections", str(folder), *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            until(lambda: blocks_hangup(process.pid), "the server to begin")
            yield process
        finally:
            process.kill()


def blocks_hangup(pid: int) -> bool:
    blocked = re.search(r"^SigBlk:\s*([0-9a-f]+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return bool(int(blocked[1], 16) & 1)


@linux_only
@pytest.mark.parametrize("flags", [[], ["--processes", "2"]], ids=["one process", "two processes"])
def test_a_reload_while_it_starts_does_not_end_it(tmp_path: Path, flags: list[str]):
    with starting(tmp_path, *flags) as process:
        process.send_signal(signal.SIGHUP)
        assert "http://" in process.stdout.readline()
        assert process.poll() is None


@linux_only
@pytest.mark.parametrize("flags", [[], ["--watch"], ["--processes", "2"]], ids=["alone", "watching", "two processes"])
def test_a_stop_while_weights_are_loaded_anew_is_no_crash(tmp_path: Path, flags: list[str]):
    with started(tmp_path, *flags) as running:
        for _ in range(2000):  # so that some are in progress
            running.process.send_signal(signal.SIGHUP)
        assert running.stop() == 0


@linux_only
@pytest.mark.parametrize("flags", [[], ["--processes", "2"]], ids=["one process", "two processes"])
def test_ctrl_c_while_it_starts_ends_it_without_a_word(tmp_path: Path, flags: list[str]):
    with starting(tmp_path, *flags) as process:
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=LINE_TIMEOUT) == ("", "")
        assert process.returncode == -signal.SIGINT


@linux_only
@pytest.mark.parametrize("flags", [[], ["--processes", "2"]], ids=["one process", "two processes"])
def test_it_ends_with_the_terminal_that_it_was_started_from(tmp_path: Path, flags: list[str]):
    import pty

    controller, terminal = pty.openpty()
    command = [sys.executable, str(HOME / "server.py"), "--port", "0", "--corrections", str(tmp_path / "kept"), *flags]
    in_terminal = (
        "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY); os.execv(sys.argv[1], sys.argv[1:])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", in_terminal, *command],
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            os.close(terminal)
            said = b""
            while not (address := re.search(rb"http://\S+/", said)):
                said += os.read(controller, 1000)
            running = RunningServer(process, address[0].decode(), tmp_path / "no.log")
            processes = {process.pid, *children(process.pid)}
            process.send_signal(signal.SIGHUP)
            while b"loaded weights" not in said:
                said += os.read(controller, 1000)
            assert ask(running, "GET", "/healthz").status == 200, "it only loads weights"
            os.close(controller)
            assert process.wait(LINE_TIMEOUT) == 0
            assert not any(map(is_alive, processes))
        finally:
            process.kill()


@pytest.mark.parametrize("written_to", ["a pipe", pytest.param("a full disk", marks=linux_only)])
def test_that_nobody_reads_where_it_listens_ends_it_not(tmp_path: Path, written_to: str):
    port = free_port()
    command = [sys.executable, str(HOME / "server.py"), "--port", str(port), "--no-corrections"]
    log = tmp_path / "server.log"
    reader, pipe = os.pipe()
    stdout = pipe if written_to == "a pipe" else os.open("/dev/full", os.O_WRONLY)
    with log.open("w") as stderr, subprocess.Popen(command, stdout=stdout, stderr=stderr) as process:
        try:
            for each in {reader, pipe, stdout}:
                os.close(each)
            until(lambda: process.poll() is not None or not refuses(port), "it to listen")
            assert ask(RunningServer(process, f"http://127.0.0.1:{port}/", log), "GET", "/healthz").status == 200
            process.terminate()
            assert process.wait(LINE_TIMEOUT) == 0
            assert "Traceback" not in log.read_text()
        finally:
            process.kill()


# ---------------------------------------------------------------------------------------------- several processes


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@linux_only
def test_a_process_that_is_killed_is_replaced_and_none_outlives_the_others(tmp_path: Path):
    with started(tmp_path, "--processes", "2") as running:
        first, second = before = children(running.process.pid)
        os.kill(first, signal.SIGKILL)
        until(lambda: not is_alive(first), "its death")
        for path in PICTURES:
            assert post(running, path.read_bytes(), "image/png").json["digit"] == int(path.stem)
        until(lambda: len(children(running.process.pid) - {first}) == 2, "another in its place")
        (third,) = children(running.process.pid) - before
        assert f"process {first} ended with status -9; starting another." in running.log.read_text()
        for path in PICTURES:
            assert post(running, path.read_bytes(), "image/png").json["digit"] == int(path.stem)
        assert running.stop() == 0
        assert not is_alive(second)
        assert not is_alive(third)
        assert refuses(running.port)


@linux_only
def test_a_process_that_is_killed_takes_no_count_with_it_and_leaves_no_file_behind(tmp_path: Path):
    def kill_one() -> None:
        before = children(running.process.pid)
        os.kill(min(before), signal.SIGKILL)
        until(lambda: len(children(running.process.pid) - before) == 1, "another in its place")
        for path in PICTURES:
            post(running, path.read_bytes(), "image/png")

    with started(tmp_path, "--processes", "2") as running:
        folder, begun = folder_of(running), measured(running)["digits_start_time_seconds"]
        for times in (1, 2):
            kill_one()
            after = measured(running)
            assert after["digits_request_seconds_count route=/predict"] == times * len(PICTURES)
            assert after["digits_start_time_seconds"] == begun
            assert {file.stem.rpartition("_")[2] for file in folder.glob("*.db")} <= {"0", "1"}


@linux_only
def test_the_processes_end_with_the_one_that_started_them(tmp_path: Path):
    with started(tmp_path, "--processes", "2") as running:
        started_by_it = children(running.process.pid)
        running.process.kill()
        running.process.wait()
        until(lambda: not any(map(is_alive, started_by_it)), "the end of all")
        assert refuses(running.port)


def folder_of(server: RunningServer) -> Path:
    """The folder of the processes' metrics."""
    given = Path(f"/proc/{min(children(server.process.pid))}/environ").read_bytes().split(b"\0")
    return next(Path(os.fsdecode(one.partition(b"=")[2])) for one in given if one.startswith(FOLDER.encode()))


def test_measurements_lie_in_memory_where_that_has_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """On a full disk, access to a memory-mapped file kills the process."""
    monkeypatch.setattr(processes, "SHARED_MEMORY", tmp_path)
    monkeypatch.setattr(processes, "LEAST_ROOM", 0)
    assert processes.folder_to_measure_in() == tmp_path
    monkeypatch.setattr(processes, "LEAST_ROOM", 2**80)
    assert processes.folder_to_measure_in() == Path(gettempdir())
    monkeypatch.setattr(processes, "SHARED_MEMORY", tmp_path / "missing")
    assert processes.folder_to_measure_in() == Path(gettempdir())


@linux_only
def test_what_a_killed_server_leaves_behind_the_next_one_clears_away(tmp_path: Path):
    with started(tmp_path, "--processes", "2") as first:
        of_first, started_by_it = folder_of(first), children(first.process.pid)
        assert of_first.parent == processes.folder_to_measure_in()
        with started(tmp_path, "--processes", "2") as second:
            of_second = folder_of(second)
            assert of_first.exists(), "a folder in use must stay"
            first.process.kill()
            until(lambda: not any(map(is_alive, started_by_it)), "the end of all")
            with started(tmp_path, "--processes", "2") as third:
                of_third = folder_of(third)
                assert not of_first.exists()
                assert of_second.exists()
                for one in (second, third):
                    one.stop()
    assert not of_second.exists()
    assert not of_third.exists()


@linux_only
def test_that_its_measurements_are_cleared_away_keeps_no_process_from_being_started(tmp_path: Path):
    with started(tmp_path, "--processes", "2") as running:
        shutil.rmtree(folder_of(running))
        for _ in range(6):
            assert post(running, PICTURES[9].read_bytes(), "image/png").json["digit"] == 9
        for pid in children(running.process.pid):
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: not is_alive(pid), "its death")
        assert ask(running, "GET", "/healthz").status == 200
        assert running.stop() == 0


@linux_only
def test_processes_that_answer_are_told_of_though_one_died_on_the_way(tmp_path: Path):
    command = [sys.executable, str(HOME / "server.py"), "--port", "0", "--processes", "2"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            until(lambda: len(children(server.pid)) == 2, "both processes")
            os.kill(min(children(server.pid)), signal.SIGKILL)
            assert "http://" in server.stdout.readline()
            server.send_signal(signal.SIGTERM)
            assert server.wait(LINE_TIMEOUT) == 0
        finally:
            server.kill()


DIES_AGAIN_AND_AGAIN = '''
import sys
from net.serving import processes
processes.LIVES_LONG = float(sys.argv[1])
child = """
import os, sys
from net.serving.supervised import tell_ready
if sys.argv[2] == "answers":
    tell_ready()
with open(sys.argv[1], "a") as starts:
    starts.write(".")
    if starts.tell() == 6:
        os.kill(os.getppid(), 15)
"""
sys.exit(processes.Supervisor([sys.executable, "-c", child, *sys.argv[2:]], [], 1, 0).run(print))
'''
TWO_LIVE_AND_NO_OTHERS = '''
import sys
from net.serving import processes
processes.LIVES_LONG = 0.0
processes.PAUSES = (0.02,)
child = """
import sys, time
from net.serving.supervised import tell_ready
with open(sys.argv[1], "a") as starts:
    starts.write(".")
    number = starts.tell()
if number > 2 and number < 12:
    sys.exit(1)
tell_ready()
time.sleep(1000)
"""
sys.exit(processes.Supervisor([sys.executable, "-c", child, *sys.argv[1:]], [], 2, 0).run(lambda: print(flush=True)))
'''
ONE_ANSWERS_LATE = '''
import sys
from net.serving import processes
child = """
import sys, time
from net.serving.supervised import tell_ready
with open(sys.argv[1], "a") as starts:
    starts.write(".")
    number = starts.tell()
while number == 2 and len(open(sys.argv[1]).read()) < 3:
    time.sleep(0.01)
time.sleep(1 if number == 2 else 0)
tell_ready()
time.sleep(0 if number == 1 else 1000)
"""
all_of_them = processes.Supervisor([sys.executable, "-c", child, *sys.argv[1:]], [], 2, 0)
answering = lambda: [child.ready_at is not None for child in all_of_them.children.values()]
sys.exit(all_of_them.run(lambda: print(answering(), flush=True)))
'''
HEEDS_NOTHING = '''
import sys
from net.serving import processes
processes.PATIENCE = 0.2
child = """
import signal, time
from net.serving.supervised import tell_ready
signal.signal(signal.SIGTERM, signal.SIG_IGN)
tell_ready()
time.sleep(1000)
"""
sys.exit(processes.Supervisor([sys.executable, "-c", child], [], 1, 0).run(lambda: print(flush=True)))
'''


@linux_only
@pytest.mark.parametrize(
    ("lives_long", "how", "deaths", "status"), [("0", "answers", 6, 0), ("0", "never", 3, 1), ("3600", "answers", 3, 1)]
)
def test_only_processes_that_die_before_they_have_answered_for_long_are_given_up(
    tmp_path: Path, lives_long: str, how: str, deaths: int, status: int
):
    program = [sys.executable, "-c", DIES_AGAIN_AND_AGAIN, lives_long, str(tmp_path / "starts"), how]
    ended = subprocess.run(program, cwd=HOME, capture_output=True, check=False, timeout=LINE_TIMEOUT)
    assert len((tmp_path / "starts").read_text()) >= deaths, "each must be restarted"
    assert ended.returncode == status
    assert (b"die as soon as they are started" in ended.stderr) == bool(status)


@linux_only
def test_one_that_answers_goes_on_while_others_die_as_soon_as_they_are_started(tmp_path: Path):
    program = [sys.executable, "-c", TWO_LIVE_AND_NO_OTHERS, str(tmp_path / "starts")]
    with subprocess.Popen(program, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as supervisor:
        try:
            supervisor.stdout.readline()
            lives, dies = sorted(children(supervisor.pid))
            os.kill(dies, signal.SIGKILL)
            until(lambda: len((tmp_path / "starts").read_text()) == 12, "one that lives again")
            assert supervisor.poll() is None
            assert is_alive(lives)
            assert any(b"the others go on" in line for line in supervisor.stderr)
            supervisor.terminate()
            assert supervisor.wait(LINE_TIMEOUT) == 0
        finally:
            supervisor.kill()


@linux_only
def test_all_processes_answer_once_it_is_told_that_they_do(tmp_path: Path):
    program = [sys.executable, "-c", ONE_ANSWERS_LATE, str(tmp_path / "starts")]
    with subprocess.Popen(program, cwd=HOME, stdout=subprocess.PIPE) as supervisor:
        try:
            assert supervisor.stdout.readline() == b"[True, True]\n", "the process that died must not count"
            supervisor.terminate()
            assert supervisor.wait(LINE_TIMEOUT) == 0
        finally:
            supervisor.kill()


@linux_only
def test_a_process_that_does_not_end_when_it_is_told_to_is_killed_in_the_end():
    with subprocess.Popen([sys.executable, "-c", HEEDS_NOTHING], cwd=HOME, stdout=subprocess.PIPE) as supervisor:
        try:
            supervisor.stdout.readline()
            (hung,) = children(supervisor.pid)
            supervisor.terminate()
            assert supervisor.wait(LINE_TIMEOUT) == 1, "its work is lost"
            assert not is_alive(hung)
        finally:
            supervisor.kill()


# ---------------------------------------------------------------------------------------------- weights


class Looks(threading.Event):
    """An event that never waits, and is set after ``most`` calls."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.left = most

    def wait(self, timeout: float | None = None) -> bool:
        self.left -= 1
        return self.left < 0


def test_weights_without_a_card_are_taken_as_well_once_none_has_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr("net.latest.CARD_FOLLOWS_WITHIN", -1.0)
    path = tmp_path / "lenet.pt"
    shutil.copy(HOME / "checkpoints" / "lenet.pt", path)
    latest = LatestRecognizer(path)
    before = latest.current
    torch.save(LeNet().state_dict(), path)
    latest.watch(Looks(3))
    assert latest.current is not before
    path.write_bytes(b"half of a checkp")
    latest.watch(Looks(5))
    assert len([one for one in caplog.records if one.levelname == "ERROR"]) == 1, "it is logged once, not at each check"


def probabilities(server: RunningServer) -> list[float]:
    return post(server, PICTURES[4].read_bytes(), "image/png").json["probabilities"]


def health(server: RunningServer) -> str:
    return ask(server, "GET", "/healthz").json["sha256"]


def test_weights_replaced_while_they_are_read_do_not_get_the_new_ones_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path, read = tmp_path / "lenet.pt", torch.load
    old, new = LeNet().state_dict(), LeNet().state_dict()
    checkpoint.save(old, {"temperature": 1.5}, path)

    def replaced_meanwhile(*given, **named):
        checkpoint.save(new, {"temperature": 3.0}, path)
        return read(*given, **named)

    monkeypatch.setattr(torch, "load", replaced_meanwhile)
    network, card = checkpoint.load(path)
    assert torch.equal(network.output.weight, old["output.weight"])
    assert set(card) == {"sha256"}


@pytest.mark.parametrize("temperature", [10**400, float("inf"), float("nan"), -1, 0, True, "1.5", None], ids=repr)
def test_a_temperature_that_is_no_usable_number_is_left_aside(tmp_path: Path, temperature: object):
    path = tmp_path / "lenet.pt"
    checkpoint.save(LeNet().state_dict(), {"temperature": temperature, "certain_above": 0.5}, path)
    assert LatestRecognizer(path).current.calibration == Calibration(temperature=1.0, certain_above=0.5)


def test_weights_replaced_again_and_again_are_the_old_or_the_new_in_each_answer(tmp_path: Path):
    shipped, others = HOME / "checkpoints" / "lenet.pt", tmp_path / "other.pt"
    torch.manual_seed(0)
    checkpoint.save(LeNet().state_dict(), {"date": "today"}, others)
    path = tmp_path / "lenet.pt"
    place(shipped, path)
    wanted = {}
    with started(tmp_path, "--checkpoint", str(path)) as running:
        for source in (others, shipped):
            replace(running, source, path)
            wanted[source] = probabilities(running)
        assert wanted[others] != wanted[shipped]
        with Load(running.port).running(3) as load:
            for number in range(12):
                source = (others, shipped)[number % 2]
                replace(running, source, path)
                assert probabilities(running) == wanted[source], "the new ones from now on"
        assert load.broken == []
        seen = [answer["probabilities"] for digit, status, answer in load.answers if digit == 4]
        assert all(status == 200 for _, status, _ in load.answers)
        assert all(one in wanted.values() for one in seen)
        assert all(one in seen for one in wanted.values()), "both must have answered"


@linux_only
def test_new_weights_are_taken_by_each_of_several_processes(tmp_path: Path):
    path = tmp_path / "lenet.pt"
    place(HOME / "checkpoints" / "lenet.pt", path)
    with started(tmp_path, "--checkpoint", str(path), "--processes", "2") as running:
        new = checkpoint.save(LeNet().state_dict(), {"date": "today"}, path)
        running.process.send_signal(signal.SIGHUP)
        for resting in children(running.process.pid):
            rest(resting)
            try:
                until(lambda: health(running) == new["sha256"], "the new weights of the other")
            finally:
                os.kill(resting, signal.SIGCONT)


def place(source: Path, path: Path) -> None:
    """Replace weights and card as training does: each atomically, the weights first."""
    for suffix in (".pt", ".json"):
        shutil.copy(source.with_suffix(suffix), path.with_suffix(".new"))
        path.with_suffix(".new").replace(path.with_suffix(suffix))


def replace(server: RunningServer, source: Path, path: Path) -> None:
    place(source, path)
    server.process.send_signal(signal.SIGHUP)
    sha256 = json.loads(source.with_suffix(".json").read_text())["sha256"]
    until(lambda: health(server) == sha256, "the new weights")


def delete(path: Path) -> None:
    path.unlink()


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100_000])


def overwrite(path: Path) -> None:
    path.write_bytes(b"PK\3\4 no weights" * 1000)


@pytest.mark.parametrize(("how", "damages"), [("--watch", [overwrite]), ("SIGHUP", [delete, halve, overwrite])])
def test_a_checkpoint_that_is_lost_or_damaged_while_serving_changes_no_answer(
    tmp_path: Path, how: str, damages: list[Callable[[Path], None]]
):
    path = tmp_path / "lenet.pt"
    place(HOME / "checkpoints" / "lenet.pt", path)
    with started(tmp_path, "--checkpoint", str(path), *(["--watch"] if how == "--watch" else [])) as running:
        before, sha256 = probabilities(running), health(running)

        def wait_for(line: str, times: int) -> None:
            if how == "SIGHUP":
                running.process.send_signal(signal.SIGHUP)
            until(lambda: running.log.read_text().count(line) == times, f"'{line}' in the log")

        for times, damage in enumerate(damages, 1):
            damage(path)
            wait_for("the previous weights stay in use", times)
            assert (health(running), probabilities(running)) == (sha256, before)
            place(HOME / "checkpoints" / "lenet.pt", path)
            wait_for("loaded weights", times)
            assert (health(running), probabilities(running)) == (sha256, before)


# ---------------------------------------------------------------------------------------------- disk


@pytest.fixture
def limit_files() -> Iterator[Callable[[RunningServer, int | None], None]]:
    """A function that limits the size of the files a server can write, as on a full disk; None removes the limit."""
    resource = pytest.importorskip("resource", reason="needs Linux")
    if not hasattr(resource, "prlimit"):
        pytest.skip("needs Linux")

    def limit(server: RunningServer, size: int | None) -> None:
        _, most = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (most if size is None else size, most))

    return limit


def test_without_room_corrections_are_refused_and_none_is_lost(tmp_path: Path, limit_files: Callable):
    with started(tmp_path, "--corrections", str(tmp_path / "kept")) as running:
        room = 70_000
        limit_files(running, room)
        answers = [correct(running, handwriting.by_hand(number % 10, number), 7) for number in range(60)]
        refused = [answer for answer in answers if answer.status != 200]
        assert 0 < len(refused) < len(answers), "some must be kept"
        assert all(answer.error == (507, "storage_full") for answer in refused)
        assert post(running, PICTURES[3].read_bytes(), "image/png").json["digit"] == 3, "pictures must still be read"
        assert ask(running, "GET", "/corrections.zip").status == 200
        for less in (room // 2, 0):  # the ZIP file can be written in part, or not at all
            limit_files(running, less)
            assert ask(running, "GET", "/corrections.zip").error == (507, "storage_full")
        assert correct(running, handwriting.by_hand(5), 5).error == (507, "storage_full")
        limit_files(running, None)
        assert len(exported(running)) == sum(answer.status == 200 for answer in answers)
        again = [correct(running, handwriting.by_hand(number % 10, number), 7).json["new"] for number in range(60)]
        assert again == [answer.status != 200 for answer in answers]


def test_without_room_even_the_first_correction_is_refused_in_words(tmp_path: Path, limit_files: Callable):
    with started(tmp_path, "--corrections", str(tmp_path / "kept")) as running:
        limit_files(running, 0)
        assert correct(running, handwriting.by_hand(5), 5).error == (507, "storage_full")
        limit_files(running, None)
        assert correct(running, handwriting.by_hand(5), 5).json["new"]


def test_without_room_for_an_upload_it_is_refused_and_small_ones_are_read(tmp_path: Path, limit_files: Callable):
    large = PICTURES[6].read_bytes() + bytes(3_000_000)
    with started(tmp_path, "--corrections", str(tmp_path / "kept")) as running:
        assert post(running, large, "image/jpeg").json["digit"] == 6
        limit_files(running, 300_000)
        for _ in range(3):
            assert post(running, large, "image/jpeg").error == (507, "storage_full")
            assert post_correction(running, large, "image/jpeg", "?label=6").error == (507, "storage_full")
            assert post(running, PICTURES[6].read_bytes(), "image/jpeg").json["digit"] == 6
        limit_files(running, None)
        assert post(running, large, "image/jpeg").json["digit"] == 6
        assert "Traceback" not in running.log.read_text()


def test_without_a_temporary_folder_large_uploads_are_a_fault_and_small_ones_are_read(tmp_path: Path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    large = PICTURES[6].read_bytes() + bytes(3_000_000)
    with started(tmp_path, TMPDIR=str(temporary)) as running:
        assert post(running, large, "image/jpeg").json["digit"] == 6
        temporary.rmdir()
        answer = post(running, large, "image/jpeg")
        assert answer.error == (500, "internal")
        assert "Retry-After" not in answer.headers
        assert post(running, PICTURES[6].read_bytes(), "image/jpeg").json["digit"] == 6


# ---------------------------------------------------------------------------------------------- open files


WITH_FEW_OPEN_FILES = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (128, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_where_few_files_may_be_open_the_server_asks_for_as_many_as_its_connections_need(tmp_path: Path):
    pytest.importorskip("resource", reason="needs a system that counts open files")
    wrapper = tmp_path / "wrapper.py"
    wrapper.write_text(WITH_FEW_OPEN_FILES)
    flags = ["--no-corrections", "--connections", "128", "--idle-seconds", str(10 * LINE_TIMEOUT)]
    with started_by([str(wrapper)], tmp_path, *flags) as running, ExitStack() as open_ones:
        for _ in range(128):
            connection = open_ones.enter_context(socket.create_connection(("127.0.0.1", running.port), LINE_TIMEOUT))
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(15) == b"HTTP/1.1 200 OK"


# ---------------------------------------------------------------------------------------------- clock


WITH_A_CLOCK_THAT_IS_SET = """
import runpy, signal, sys, time
clock, offset = time.time, [0.0]
time.time = lambda: clock() + offset[0]
def set_clock(*_):
    offset[0] = float(open(path).read())
signal.signal(signal.SIGUSR1, set_clock)
_, path, server = sys.argv[:3]
sys.argv[:] = sys.argv[2:]
runpy.run_path(server, run_name="__main__")
"""


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_set_changes_nothing(tmp_path: Path, years: int):
    wrapper, offset = tmp_path / "wrapper.py", tmp_path / "offset"
    wrapper.write_text(WITH_A_CLOCK_THAT_IS_SET)
    flags = ["--idle-seconds", "3", "--corrections", str(tmp_path / "kept"), "--rate", "1000"]
    with started_by([str(wrapper), str(offset)], tmp_path, *flags) as running:
        before = probabilities(running)
        assert correct(running, handwriting.by_hand(3), 3).status == 200
        head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"
        picture = PICTURES[4].read_bytes()
        with (
            socket.create_connection(("127.0.0.1", running.port), LINE_TIMEOUT) as idle,
            socket.create_connection(("127.0.0.1", running.port), LINE_TIMEOUT) as slow,
            Load(running.port).running(2) as load,
        ):
            slow.sendall(head % len(picture) + picture[:100])
            assert probabilities(running) == before  # by now the slow request's start has arrived
            offset.write_text(str(years * 365 * 86400))
            running.process.send_signal(signal.SIGUSR1)
            until(lambda: str(time.gmtime().tm_year + years) in ask(running, "GET", "/").headers["Date"], "the jump")
            assert probabilities(running) == before
            assert correct(running, handwriting.by_hand(7), 7).status == 200
            slow.sendall(picture[100:])
            answer = http.client.HTTPResponse(slow)
            answer.begin()
            assert json.loads(answer.read())["probabilities"] == before, "a sender must not be cut off"
            assert idle.recv(1) == b"", "an idle client must be disconnected in time"
        load.assert_all_right()
        assert len(exported(running)) == 2
        assert running.stop() == 0


@contextmanager
def started_by(wrapper: list[str], folder: Path, *flags: str) -> Iterator[RunningServer]:
    """Run server.py through ``wrapper``."""
    import subprocess

    log = folder / "server.log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, *wrapper, str(HOME / "server.py"), "--port", "0", *flags],
            stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=folder, env={**os.environ, "PYTHONPATH": str(HOME)},
        )  # fmt: skip
    try:
        line = process.stdout.readline()
        assert "http://" in line, log.read_text()
        yield RunningServer(process, line.split()[3], log)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
