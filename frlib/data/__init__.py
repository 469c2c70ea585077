"""Data sets: manifests, sources, noise, splits, the decoded cache, and the order of samples."""
