"""The factor between cosines and logits: a module each."""
