"""How alike embeddings and class centres are: a module each."""
