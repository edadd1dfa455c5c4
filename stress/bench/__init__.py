"""What `levstress bench` measures: the standard workloads, the engine in parts, and the same work by other means."""
