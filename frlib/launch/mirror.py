"""The MLflow mirror beside a running study: fed from the records, never in the way of training."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)
