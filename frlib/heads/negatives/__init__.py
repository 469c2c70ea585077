"""How the other classes' cosines count: a module each."""
