"""What pages of HTML share: markup, tables, pictures, look and behaviour. Nothing is loaded."""
