"""The loss of the logits: a module each."""
