"""Galleries: pictures of samples, arranged and captioned; Pillow only."""
