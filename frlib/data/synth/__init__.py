"""Procedural faces: people who do not exist, with known identity, so that everything runs anywhere.

`people` says who is who, `shots` how one picture of a person was taken, `canvas` paints soft shapes and
`render` composes a face. An image is a function of (world, person, shot, size) and of nothing else:
neither of the batch it is drawn in nor of the number of workers.
"""
