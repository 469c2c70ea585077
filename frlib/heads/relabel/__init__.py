"""Rules that replace given labels during training: a module each."""
