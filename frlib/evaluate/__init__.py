"""From a model to rows of metrics. Protocols in, per-pair scores and named metrics out."""
