"""Batches of a training run: which sample comes when, and having its pixels ready in time.

`order` draws the samples of an epoch, `plan` cuts them into steps and workers, `tasks` is both for
one worker, `loader` reads ahead in a thread, `dali` decodes on a GPU, and `choose` makes the loader
that a config asks for.
"""
