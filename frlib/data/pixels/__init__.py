"""Pixels of a manifest's rows, decoded once into a memory map or on the fly, behind one interface.

`choose.open_pixels` gives a `batches.Pixels`; its parts are `decoded` maps or `encoded` sources,
one for every source of the manifest. `room` keeps the maps of a store within a budget.
"""
