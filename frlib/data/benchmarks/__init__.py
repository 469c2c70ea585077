"""Lists of benchmarks that search: IJB-B and IJB-C, MegaFace, and searches of one's own."""
