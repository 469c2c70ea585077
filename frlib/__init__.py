"""frlib: hyper-parameter studies of noise-robust face recognition. Importing it costs nothing."""

__version__ = "0.1.0"
