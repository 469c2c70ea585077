"""What spans several workers: collectives and batch statistics. Each has a one-process twin."""
