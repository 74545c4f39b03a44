"""The driver of a board on a serial line: asks, sends samples, takes results, recovers."""

import logging
import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import serial
from serial.tools import list_ports

from gatewright.errors import CheckFailedError, GatewrightError, NotRunError
from gatewright.host.packets import FLAG, NO_TAG, Decoder, Fault, Kind, Packet, encode

log = logging.getLogger(__name__)
PROTOCOL = 1
_MAGIC = b"GW"
_INFO_BYTES = 32
_BITS_PER_BYTE = 10  # on the line
_OVERHEAD = 9  # bytes of a packet besides its payload, flags included
_ATTEMPTS = 20  # in a row without an answer to anything
_CONNECT_ATTEMPTS = 5
_RECONNECT_EVERY_S = 0.5


@dataclass(frozen=True)
class Info:
    """What a board tells of itself.

    Attributes:
        slots: Samples that may be unanswered at once.
        sample_bytes: Payload of a sample.
        result_bytes: Payload of a result.
        clock_hz: The design's clock.
        hash: Of the design: 32 hexadecimal digits.
    """

    slots: int
    sample_bytes: int
    result_bytes: int
    clock_hz: int
    hash: str

    @classmethod
    def of(cls, payload: bytes) -> "Info":
        """Return what an answer says.

        Raises:
            CheckFailedError: it is not of this protocol.
        """
        if len(payload) != _INFO_BYTES or payload[:2] != _MAGIC or payload[2] != PROTOCOL:
            raise CheckFailedError(
                f"what answers is not a board of this version of gatewright (protocol {PROTOCOL}): "
                f"{payload.hex()}; program it again"
            )
        numbers = [int.from_bytes(payload[i : i + 4], "little") for i in (4, 8, 12)]
        return cls(payload[3], numbers[0], numbers[1], numbers[2], payload[16:].hex())


@dataclass
class Counts:
    """What went wrong on the line, and was put right."""

    resent: int = 0
    faults: int = 0
    wrong_packets: int = 0
    reconnected: int = 0


class Driver:
    """A board on a serial line.

    Every question carries a tag that no unanswered one has; an answer counts if its CRC is right
    and its tag is waited for. A result is therefore that of its sample, whatever the line does.
    """

    def __init__(
        self, port: str, baud: int, *, patience_s: float = 2.0, reconnect_s: float = 10.0
    ) -> None:
        """Open a port.

        Args:
            port: Device such as /dev/ttyUSB0.
            baud: Bits per second.
            patience_s: How long to wait for an answer, beyond what the line itself takes.
            reconnect_s: How long to wait for a cable that was pulled out.

        Raises:
            NotRunError: there is no such port, or it cannot be opened.
        """
        self.port, self.baud = port, baud
        self.patience_s, self.reconnect_s = patience_s, reconnect_s
        self.counts = Counts()
        self._decoder = Decoder()
        self._tag = random.SystemRandom().randrange(1, 1 << 16)  # not that of the host before
        self._info: Info | None = None
        self._serial = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the port."""
        self._serial.close()

    def reset(self) -> None:
        """Reset the design: nothing of what was sent before will be answered after this.

        Raises:
            NotRunError: nothing answers.
        """
        self._ask(Kind.RESET, Kind.RESET_ANSWER)

    def info(self) -> Info:
        """Return what the board tells of itself.

        Raises:
            CheckFailedError: it is not of this protocol.
            NotRunError: nothing answers.
        """
        self._info = Info.of(self._ask(Kind.INFO, Kind.INFO_ANSWER))
        return self._info

    def run(
        self, samples: Sequence[bytes], tell: Callable[[int], None] | None = None
    ) -> list[bytes]:
        """Return the result of every sample, in order.

        Args:
            samples: Payloads, each as long as the board says.
            tell: Called with the number of results so far.

        Raises:
            CheckFailedError: the board calls a sample that came over whole malformed.
            NotRunError: nothing answers, or the cable stays out.
        """
        info = self._info or self.info()
        wrong = next(
            (i for i, sample in enumerate(samples) if len(sample) != info.sample_bytes), None
        )
        if wrong is not None:
            raise GatewrightError(
                f"sample {wrong} has {len(samples[wrong])} bytes; the board takes "
                f"{info.sample_bytes}"
            )
        work = _Work(samples, info, self._line_s(info), tell)
        while not work.done:
            try:
                self._step(work)
            except (serial.SerialException, OSError) as error:
                self._reconnect(error, info)
                work.send_again(list(work.pending))
        self.counts.wrong_packets = self._decoder.wrong
        return work.outputs()

    def _step(self, work: "_Work") -> None:
        """Send what may be sent, take what has come, send again what was lost."""
        for index in work.sendable():
            tag = self._next_tag()
            work.sent(tag, index, time.monotonic() + self.patience_s)
            self._write(Packet(Kind.SAMPLE, tag, work.samples[index]))
        for packet in self._packets():
            if packet.kind == Kind.RESULT and packet.tag in work.pending:
                lost = work.take(packet)
                self.counts.resent += work.send_again(lost)
            elif packet.kind == Kind.FAULT:
                self.counts.faults += 1
                self.counts.resent += self._fault(work, packet)
        late = work.late(time.monotonic())
        if late:
            self.counts.resent += work.send_again(late)
            work.silent += 1
            # A flag ends what may stand open at the other end.
            self._serial.write(FLAG)
        if work.silent > _ATTEMPTS:
            raise NotRunError(
                f"{self.port}: no answer to {work.silent} samples in a row at {self.baud} baud; "
                "is the board still on, and the cable sound?"
            )

    def _fault(self, work: "_Work", packet: Packet) -> int:
        """Act on what the board found wrong; return how many samples go again."""
        code = packet.payload[0] if packet.payload else 0
        if code == Fault.CRC or packet.tag == NO_TAG:
            work.hurry(time.monotonic() + self.patience_s / 4)
            return 0
        if code == Fault.FULL and packet.tag in work.pending:
            work.pause()
            return work.send_again([packet.tag])
        if packet.tag in work.pending:
            raise CheckFailedError(
                f"{self.port}: the board refuses a sample of {len(work.samples[0])} bytes (fault "
                f"{code}); it runs another design than it says"
            )
        return 0

    def _ask(self, kind: Kind, answer: Kind) -> bytes:
        """Return the payload of the board's answer."""
        for _ in range(_CONNECT_ATTEMPTS):
            self._decoder.forget()
            tag = self._next_tag()
            self._write(Packet(kind, tag, b""))
            end = time.monotonic() + self.patience_s
            while time.monotonic() < end:
                for packet in self._packets():
                    if packet.kind == answer and packet.tag == tag:
                        return packet.payload
        raise NotRunError(
            f"{self.port}: no answer at {self.baud} baud within "
            f"{_CONNECT_ATTEMPTS * self.patience_s:g} s; is the board plugged in and programmed "
            f"(gatewright program), and is this its port? Ports here: {_ports()}"
        )

    def _reconnect(self, error: Exception, before: Info) -> None:
        """Open the port again once it is back, and make sure that it is the same design.

        Raises:
            NotRunError: it does not come back in time.
            GatewrightError: another design is behind it.
        """
        log.warning("%s: %s; waiting for it to come back", self.port, error)
        self._serial.close()
        end = time.monotonic() + self.reconnect_s
        while True:
            try:
                self._serial = self._open()
                self.reset()
                again = self.info()
                break
            except (NotRunError, serial.SerialException, OSError) as problem:
                if time.monotonic() > end:
                    raise NotRunError(
                        f"{self.port} did not come back within {self.reconnect_s:g} s: {problem}; "
                        "plug the cable in and run this again"
                    ) from error
                time.sleep(_RECONNECT_EVERY_S)
        self.counts.reconnected += 1
        if again != before:
            raise GatewrightError(f"{self.port}: another design came back: {again}, not {before}")

    def _open(self) -> serial.Serial:
        try:
            return serial.Serial(
                self.port, self.baud, timeout=0.02, write_timeout=60, exclusive=True
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise NotRunError(
                f"cannot open {self.port}: {error}. Ports here: {_ports()}"
            ) from error

    def _write(self, packet: Packet) -> None:
        self._serial.write(encode(packet))

    def _packets(self) -> list[Packet]:
        """Return the packets that came; wait a little for the first byte."""
        data = self._serial.read(1)
        data += self._serial.read(self._serial.in_waiting)
        return self._decoder.feed(data)

    def _next_tag(self) -> int:
        self._tag = self._tag % 0xFFFF + 1  # 1 to 65,535
        return self._tag

    def _line_s(self, info: Info) -> float:
        """Return how long the line takes for all that may be unanswered, at most."""
        each = 2 * (info.sample_bytes + info.result_bytes) + 2 * _OVERHEAD
        return info.slots * each * _BITS_PER_BYTE / self.baud


class _Work:
    """Samples on their way: which wait, which are unanswered, which are done."""

    def __init__(
        self,
        samples: Sequence[bytes],
        info: Info,
        line_s: float,
        tell: Callable[[int], None] | None,
    ) -> None:
        self.samples = samples
        self.pending: dict[int, tuple[int, float]] = {}  # by tag, in the order sent
        self.silent = 0  # waits in a row in which nothing came
        self._info, self._line_s, self._tell = info, line_s, tell
        self._waiting = deque(range(len(samples)))
        self._results: dict[int, bytes] = {}
        self._slots = info.slots

    @property
    def done(self) -> bool:
        return len(self._results) == len(self.samples)

    def sendable(self) -> Iterator[int]:
        """Yield samples that may be sent now."""
        while self._waiting and len(self.pending) < self._slots:
            yield self._waiting.popleft()

    def sent(self, tag: int, index: int, deadline: float) -> None:
        self.pending[tag] = (index, deadline + self._line_s)

    def take(self, packet: Packet) -> list[int]:
        """Keep a result; return the tags sent before it: the board answers in order."""
        index, _ = self.pending[packet.tag]
        order = list(self.pending)
        if len(packet.payload) != self._info.result_bytes + 1 or packet.payload[-1] != 0:
            raise CheckFailedError(
                f"sample {index}: the board gives {len(packet.payload)} bytes, the last "
                f"{packet.payload[-1:].hex()}; must be {self._info.result_bytes + 1}, the last 00 "
                "(01: the design called the frame malformed)"
            )
        self._results[index] = packet.payload[:-1]
        del self.pending[packet.tag]
        self.silent = 0
        self._slots = self._info.slots
        if self._tell:
            self._tell(len(self._results))
        return order[: order.index(packet.tag)]

    def send_again(self, tags: Sequence[int]) -> int:
        """Put unanswered samples back in front of those that wait; return how many."""
        for tag in reversed(tags):
            self._waiting.appendleft(self.pending.pop(tag)[0])
        return len(tags)

    def late(self, now: float) -> list[int]:
        """Return the tags whose answer should have come."""
        return [tag for tag, (_, deadline) in self.pending.items() if now > deadline]

    def hurry(self, deadline: float) -> None:
        """Wait no longer than ``deadline``: something was lost."""
        self.pending = {
            tag: (index, min(before, deadline + self._line_s))
            for tag, (index, before) in self.pending.items()
        }

    def pause(self) -> None:
        """Send one at a time until the next result: the board's store is full of old samples."""
        self._slots = 1

    def outputs(self) -> list[bytes]:
        return [self._results[index] for index in range(len(self.samples))]


def connect(
    port: str, baud: int, expected_hash: str | None = None, *, patience_s: float = 2.0
) -> Driver:
    """Open a port, reset the design behind it and make sure that it is the right one.

    Args:
        port: Device such as /dev/ttyUSB0.
        baud: Bits per second.
        expected_hash: Of the design; None: any.
        patience_s: How long to wait for an answer.

    Raises:
        GatewrightError: another design answers.
        NotRunError: nothing does.
    """
    driver = Driver(port, baud, patience_s=patience_s)
    try:
        driver.reset()
        found = driver.info()
        if expected_hash is not None and found.hash != expected_hash:
            raise GatewrightError(
                f"{port}: the board runs another design: its hash is {found.hash}, not "
                f"{expected_hash}; program it: gatewright bitstream, gatewright program"
            )
    except BaseException:
        driver.close()
        raise
    return driver


def _ports() -> str:
    return ", ".join(sorted(port.device for port in list_ports.comports())) or "none"
