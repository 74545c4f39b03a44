"""What can go wrong, and the exit status of each kind.

Exit status everywhere: 0 passed, 1 a check failed, 2 the user's mistake, 3 something asked for
could not run.
"""


class GatewrightError(Exception):
    """The user's mistake: the message says what was found, where, what is allowed, what to do."""

    exit_status = 2


class CheckFailedError(GatewrightError):
    """A comparison was made and the values differ."""

    exit_status = 1


class NotRunError(GatewrightError):
    """Something asked for could not run: a tool, a device or a source is missing."""

    exit_status = 3
