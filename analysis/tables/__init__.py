"""Tables, a module each: `TITLE` and `build(records, published) -> Table`."""
