"""The project that is built by the benchmark."""
