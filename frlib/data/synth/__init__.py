"""Procedural faces: people who do not exist, with known identity, so that everything runs anywhere.

`people` says who is who, `shots` how a picture was taken, `canvas` paints soft shapes, `face` has
the layers of a face, `covers` what hides one, and `render` makes the pixels. An image depends on
(world, person, shot, size) and on nothing else: not on the batch it is drawn in, nor on workers.
"""
