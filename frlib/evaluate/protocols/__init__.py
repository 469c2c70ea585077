"""What is asked of a model, a family of benchmarks a module.

A module defines

* `Config`, with `name: Literal[...]` first; places are paths, what changes a number is a setting;
* `VARIANTS`: the names of the rules it knows;
* `source(config) -> Config | None`: the set of images to embed, whose ids the protocol names; None
  where only embeddings can be given;
* `evaluate(config, features, variants) -> Report` (`frlib.evaluate.report`); variants None: the
  usual one;
* `questions(config) -> list[Questions]`, where it asks about pairs: a model is then checked on a
  few of them before a number is given (`frlib.evaluate.checks`);
* `glance(config, few) -> Questions | None`, where it does not: at most `few` pairs of images that
  it names, of one person and of two, for the same check (`frlib.evaluate.glance`); None where there
  are no such pairs, or no images of them;
* `ids(config) -> list[str]`, where it has no `questions` and its source may hold more images than
  it names: the ones to embed;
* `recognise(path) -> Config | None`: the config for a path of this shape, told by names and a few
  first bytes.
"""
