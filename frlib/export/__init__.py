"""A finished run for other programs: ONNX, and safetensors with a model card.

Both take images as the run did: RGB, (x - 127.5) / 127.5, NCHW, of the run's size; both give raw
embeddings, which are compared by cosine.
"""

MEAN = 127.5
"""Taken off a grey level, which is then divided by as much."""
