"""Decisions about samples: a rule a module. numpy in, numpy out."""
