"""The exception family.

A message says what was found, what was expected, where, and what to do next. The command line turns
any `FrlibError` into one message and exit code 1 (2 for `ConfigError`: the call was wrong).
"""


class FrlibError(Exception):
    """Root of every error this project raises on purpose."""

    exit_code = 1


class ConfigError(FrlibError):
    """A value or a name in a configuration, study or command is wrong."""

    exit_code = 2


class DataError(FrlibError):
    """A data set is missing, damaged or cannot serve what was asked of it."""


class NumericsError(FrlibError):
    """A loss, gradient or embedding is not finite."""


class BenchmarkError(FrlibError):
    """Two implementations of one result differ, or a process that measured them died."""


class ProtocolError(FrlibError):
    """An evaluation protocol cannot be applied to what it was given."""


class RecordError(FrlibError):
    """Records are missing, damaged or of a schema this version does not know."""


class StoreError(FrlibError):
    """A store at a URI cannot be reached, read or written; what this machine has of it is kept."""


class TrackingError(FrlibError):
    """The tracking server did not take or give what it was asked for; records are unaffected."""


class StoppedError(FrlibError):
    """The user stopped the command; what is recorded is kept."""


class ClusterError(FrlibError):
    """The cluster cannot run what was asked of it."""


class NodeLostError(ClusterError):
    """A node that a run is on is going, or gone; the run goes on from its checkpoint elsewhere."""
