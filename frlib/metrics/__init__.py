"""Numbers from embeddings and decisions. numpy in, numpy out."""
