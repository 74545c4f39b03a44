"""Networks by number: seed and index give one network, and hypothesis shrinks it from there."""

import contextlib
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.internal.conjecture import providers
from hypothesis.strategies import SearchStrategy

from fuzz.networks import graph_of, inputs_of, varies
from fuzz.spec import Network

# Else the numbers that stand in the modules loaded so far would decide what is drawn.
providers._get_local_constants = lambda: providers._local_constants

ATTEMPTS = 500  # draws, until one gives a network that is taken
SAMPLES = 40  # on which every layer must vary
SEEDS = 1_000_000  # indices of one seed


class FoundError(Exception):
    """What the search was for has been drawn."""


def network(strategy: SearchStrategy[Network], base: int, index: int) -> Network:
    """Return network ``index`` of seed ``base``: two layers or more, none of them constant."""
    return _search(strategy, base * SEEDS + index, taken, (Phase.generate,))


def shrink(
    strategy: SearchStrategy[Network],
    base: int,
    index: int,
    fails: Callable[[Network], bool],
    tries: int = 60,
) -> Network:
    """Return the smallest network found that fails, starting with network ``index`` of ``base``.

    Args:
        strategy: What drew it.
        base: Its seed.
        index: Its number.
        fails: Builds and runs a network; called at most ``tries`` times.
        tries: After so many the smallest found so far is returned.
    """
    known: dict[Network, bool] = {}

    def failing(candidate: Network) -> bool:
        if candidate not in known:
            if not known:  # the draws before the network itself
                if not taken(candidate):
                    return False
                known[candidate] = True
            else:
                known[candidate] = (
                    len(known) <= tries and not_constant(candidate) and fails(candidate)
                )
        return known[candidate]

    return _search(strategy, base * SEEDS + index, failing, (Phase.generate, Phase.shrink))


def _search(
    strategy: SearchStrategy[Network],
    number: int,
    wanted: Callable[[Network], bool],
    phases: tuple[Phase, ...],
) -> Network:
    found: list[Network] = []

    @seed(number)
    @settings(
        max_examples=ATTEMPTS,
        phases=phases,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(strategy)
    def check(candidate: Network) -> None:
        if wanted(candidate):
            found.append(candidate)
            raise FoundError

    with contextlib.suppress(FoundError):
        check()
    if not found:
        raise RuntimeError(f"number {number}: no network in {ATTEMPTS} draws")
    return found[-1]  # hypothesis ends with the smallest


def taken(candidate: Network) -> bool:
    """Whether a network is worth its simulation."""
    return len(candidate.layers) > 1 and not_constant(candidate)


def not_constant(candidate: Network) -> bool:
    """Whether every layer gives something else for some of the inputs."""
    return varies(graph_of(candidate, "net"), inputs_of(candidate, SAMPLES))
