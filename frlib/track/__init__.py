"""Mirrors of the records. A mirror's failure never stops training."""
