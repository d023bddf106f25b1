"""Promises of `torchrun -m train`: several processes train as one would."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from conftest import HOME, LINE_TIMEOUT, free_port, python

from net import checkpoint
from net.lenet import LeNet
from train.devices import DeviceError
from train.ranks import Ranks, meet

TORCHRUN = ("-m", "torch.distributed.run", "--nproc_per_node=2")
PLAIN = ("--device", "cpu", "--without", "augmentation", "--without", "dropout")
SHORT = (*PLAIN, "--epochs", "3", "--batch-size", "50", "--threads", "1", "--no-bf16", "--no-channels-last")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """The batches and results of one rank, and of each of two; see tests/one_rank.py."""
    folder = tmp_path_factory.mktemp("ranks")
    for starter in ((), TORCHRUN):
        ended = python(*starter, "tests/one_rank.py", str(folder))
        assert ended.returncode == 0, ended.stderr
    return {path.stem: torch.load(path) for path in folder.iterdir()}


def test_ranks_share_each_batch_out(told):
    shares = torch.cat([told["rank0-of-2"]["pictures"], told["rank1-of-2"]["pictures"]])
    assert torch.equal(shares, told["rank0-of-1"]["pictures"])


@pytest.mark.parametrize("what", ["gradients", "statistics"])
def test_two_ranks_compute_what_one_does_with_the_whole_batch(what: str, told):
    alone = told["rank0-of-1"][what]
    for rank in ("rank0-of-2", "rank1-of-2"):
        for name, tensor in told[rank][what].items():
            torch.testing.assert_close(
                tensor, alone[name], rtol=1e-4, atol=1e-6, msg=lambda text, n=name: f"{n}: {text}"
            )


def test_ranks_vary_the_same_picture_differently(told):
    first, second = told["rank0-of-2"]["varied"], told["rank1-of-2"]["varied"]
    assert len(torch.cat([first, second]).unique(dim=0)) == len(first) + len(second)


def test_ranks_drop_out_different_maps(told):
    first, second = told["rank0-of-2"]["kept"], told["rank1-of-2"]["kept"]
    assert 0 < first.float().mean() < 1
    assert not torch.equal(first, second)


def test_a_trained_network_keeps_its_weights_and_statistics_when_ranks_share_them():
    network, _ = checkpoint.load(checkpoint.SHIPPED)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    after = Ranks(0, 2).synchronized(network).state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_two_ranks_train_as_one_and_one_of_them_writes(small_mnist: Path, tmp_path: Path):
    losses = {}
    for name, starter in (("alone", ()), ("together", TORCHRUN)):
        out = tmp_path / name
        ended = python(*starter, "-m", "train", "--out", str(out), "--data", str(small_mnist), *SHORT)
        assert ended.returncode == 0, ended.stderr
        assert "Warning" not in ended.stderr
        losses[name] = [float(loss) for loss in re.findall(r"^epoch +./3  loss (\S+)", ended.stdout, re.MULTILINE)]
        assert ended.stdout.count("Wrote ") == 1
        assert sorted(path.name for path in out.iterdir()) == ["lenet.json", "lenet.pt", "report.html"]
        LeNet().load_state_dict(torch.load(out / "lenet.pt", weights_only=True))
    assert len(losses["alone"]) == 3
    assert losses["together"] == pytest.approx(losses["alone"], rel=0.02)
    assert json.loads((tmp_path / "together" / "lenet.json").read_text())["processes"] == 2


def test_a_batch_that_cannot_be_shared_out_is_told_in_one_sentence(small_mnist: Path, tmp_path: Path):
    ended = python(
        *TORCHRUN, "-m", "train", "--out", str(tmp_path), "--data", str(small_mnist), *SHORT, "--batch-size", "51"
    )  # fmt: skip
    assert ended.returncode != 0
    assert ended.stderr.count("--batch-size 51 cannot be shared equally by 2 processes") == 1
    assert list(tmp_path.iterdir()) == []


def test_each_machine_tells_what_is_wrong_with_it(small_mnist: Path, tmp_path: Path):
    on_another_machine = {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1"}
    ended = python(
        "-m",
        "train",
        "--out",
        str(tmp_path),
        "--data",
        str(small_mnist),
        "--gpu",
        CUDA_VISIBLE_DEVICES="",
        **on_another_machine,
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert "--device cpu" in ended.stderr


def test_processes_whose_port_another_program_has_are_told_in_one_sentence(small_mnist: Path, tmp_path: Path):
    by_hand = {"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
    with socket.create_server(("127.0.0.1", 0)) as another:
        port = str(another.getsockname()[1])
        ended = python(
            *["-m", "train", "--out", str(tmp_path), "--data", str(small_mnist), "--device", "cpu"],
            MASTER_PORT=port,
            **by_hand,
        )
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert port in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rank", ["0", "1"])
def test_processes_that_nobody_joins_are_told_so_in_one_sentence(rank: str, monkeypatch: pytest.MonkeyPatch):
    by_hand = {"WORLD_SIZE": "2", "RANK": rank, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    for name, value in by_hand.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DeviceError, match=r"^[^.\n]+\([^\n]*[^.]\); start them with torchrun\.$"):
        meet("gloo", timeout=timedelta(seconds=1))


def start(out: Path, data: Path, *flags: str, starter: tuple[str, ...] = TORCHRUN) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *starter, "-m", "train", "--out", str(out), "--data", str(data), *flags],
        cwd=HOME,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def first_epoch_of(process: subprocess.Popen) -> str:
    return next(line for line in process.stdout if line.startswith("epoch"))


def test_when_a_rank_dies_all_end_and_ranks_go_on_from_there(small_mnist: Path, tmp_path: Path):
    out = tmp_path / "lenet.pt"
    out.write_bytes(b"what was good")
    # torchrun checks only every 10 seconds, so the other rank must notice by itself.
    torchrun = start(out, small_mnist, *SHORT, "--epochs", "2000", starter=(*TORCHRUN, "--monitor-interval", "10"))
    first_epoch_of(torchrun)
    children = Path(f"/proc/{torchrun.pid}/task/{torchrun.pid}/children").read_text().split()
    second = next(int(pid) for pid in children if b"\0RANK=1\0" in Path(f"/proc/{pid}/environ").read_bytes())
    os.kill(second, signal.SIGKILL)
    said = torchrun.communicate(timeout=LINE_TIMEOUT)[1]
    assert torchrun.returncode != 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in children), "none is left behind"
    assert "this or another process failed" in said
    assert out.read_bytes() == b"what was good"

    resumed = start(out, small_mnist, "--device", "cpu", "--resume")
    assert not first_epoch_of(resumed).startswith("epoch   1/"), "finished epochs must not be repeated"
    resumed.send_signal(signal.SIGINT)
    said = resumed.communicate(timeout=LINE_TIMEOUT)[1]
    assert resumed.returncode != 0
    assert f"{out} is unchanged, and 'torchrun --nproc_per_node=2 -m train --resume --data" in said
    assert out.read_bytes() == b"what was good"


def test_ranks_train_in_bf16_too(small_mnist: Path, tmp_path: Path):
    ended = python(
        *[*TORCHRUN, "-m", "train", "--out", str(tmp_path), "--data", str(small_mnist), "--device", "cpu"],
        *["--epochs", "2", "--batch-size", "50", "--bf16", "--channels-last"],
    )
    assert ended.returncode == 0, ended.stderr
    card = json.loads((tmp_path / "lenet.json").read_text())
    assert card["speedups"] == {"channels_last": True, "bf16": True, "compile": False}
