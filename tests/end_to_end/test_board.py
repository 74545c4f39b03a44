"""A board without a board: the real driver, the real protocol, the real top, behind a terminal."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest

import build_folders
from gatewright import boards, emulation
from gatewright.errors import GatewrightError, NotRunError
from gatewright.files import read_json
from gatewright.host import BoardNetwork, Driver
from gatewright.host.packets import FLAG, Decoder, Fault, Kind, Packet, encode
from gatewright.reference import outputs

PATIENCE_S = 5.0
SEED = 3


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the build folder of a small network, built up to rtl."""
    graph = build_folders.two_layers("net")
    folder = build_folders.write(graph, tmp_path_factory.mktemp("board") / "net")
    samples = np.random.default_rng(SEED).integers(0, 16, (400, 12))
    np.savez(folder / "samples.npz", samples=samples, expected=outputs(graph, samples))
    return folder


def samples_of(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    with np.load(folder / "samples.npz") as archive:
        return archive["samples"], archive["expected"]


@contextmanager
def emulated(folder: Path, faults: int = 0) -> Iterator[emulation.Emulation]:
    line = emulation.Line(faults=faults, seed=SEED)
    with emulation.running(
        folder, boards.load("ulx3s_85f"), line=line, baud=5_000_000, optimise="-O0"
    ) as running:
        yield running


def test_a_board_gives_the_networks_integers(built: Path) -> None:
    samples, expected = samples_of(built)
    with emulated(built) as board:
        with BoardNetwork(built, board.port, 5_000_000, patience_s=PATIENCE_S) as network:
            found = network.run_integers(samples)
            info = network.driver.info()
        assert np.array_equal(found, expected)
        assert (info.slots, info.sample_bytes, info.result_bytes) == (16, 12, 6)
        assert info.clock_hz == 87_500_000
        # Again, as another program would after this one.
        with BoardNetwork(built, board.port, 5_000_000, patience_s=PATIENCE_S) as network:
            assert np.array_equal(network.run(samples[:5].astype(float)), expected[:5])
    assert board.faults == 0


def test_a_bad_line_costs_time_but_no_result(built: Path) -> None:
    samples, expected = samples_of(built)
    with (
        emulated(built, faults=3000) as board,
        BoardNetwork(built, board.port, 5_000_000, patience_s=1.0) as network,
    ):
        found = network.run_integers(samples)
        counts = network.driver.counts
    assert np.array_equal(found, expected)
    assert board.faults > 20
    assert counts.resent > 0


def test_faults_are_told_and_the_next_packet_is_taken(built: Path) -> None:
    samples, expected = samples_of(built)
    with emulated(built) as board, Driver(board.port, 5_000_000, patience_s=PATIENCE_S) as driver:
        driver.reset()
        line, decoder = driver._serial, Decoder()

        def answer(data: bytes) -> Packet:
            line.write(data)
            for _ in range(500):
                found = decoder.feed(line.read(64))
                if found:
                    return found[0]
            raise AssertionError(f"no answer to {data.hex()}")

        right = encode(Packet(Kind.SAMPLE, 7, samples[0].astype(np.uint8).tobytes()))
        wrong = right[:5] + bytes([right[5] ^ 0x40]) + right[6:]
        for data, tag, fault in [
            (wrong, 0, Fault.CRC),
            (FLAG + b"garbage" + FLAG, 0, Fault.CRC),
            (encode(Packet(Kind.SAMPLE, 8, b"short")), 8, Fault.LENGTH),
            (encode(Packet(Kind.SAMPLE, 9, bytes(13))), 9, Fault.LENGTH),
            (encode(Packet(Kind.INFO, 10, b"x")), 10, Fault.LENGTH),
            (encode(Packet(0x55, 11, b"")), 11, Fault.KIND),
        ]:
            assert answer(data) == Packet(Kind.FAULT, tag, bytes([fault])), data.hex()
        found = answer(b"\x00\xff" + right)  # what stands before a flag ends with it
        assert found.kind == Kind.FAULT
        result = answer(right)
        assert (result.kind, result.tag, result.payload[-1]) == (Kind.RESULT, 7, 0)
        assert np.array_equal(np.frombuffer(result.payload[:-1], "<i2"), expected[0])


def test_another_design_is_refused(built: Path) -> None:
    with emulated(built) as board:
        memory = built / "rtl" / read_json(built / "rtl.json")["memories"][0]
        content = memory.read_text()
        memory.write_text(content + "\n")
        try:
            with pytest.raises(GatewrightError, match="runs another design"):
                BoardNetwork(built, board.port, 5_000_000, patience_s=PATIENCE_S)
        finally:
            memory.write_text(content)


def test_a_cable_pulled_out_and_put_back_loses_nothing(built: Path, tmp_path: Path) -> None:
    samples, expected = samples_of(built)
    port = tmp_path / "ttyUSB0"
    with ExitStack() as boards_there:
        first = boards_there.enter_context(ExitStack())
        port.symlink_to(first.enter_context(emulated(built)).port)

        def pull_out(results: int) -> None:
            if results == 50:
                first.close()
                port.unlink()
                port.symlink_to(boards_there.enter_context(emulated(built)).port)

        with BoardNetwork(built, str(port), 5_000_000, patience_s=PATIENCE_S) as network:
            found = network.run_integers(samples, pull_out)
            assert network.driver.counts.reconnected == 1
    assert np.array_equal(found, expected)


def test_silence_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotRunError, match="cannot open"):
        Driver(str(tmp_path / "ttyUSB9"), 1_000_000)
