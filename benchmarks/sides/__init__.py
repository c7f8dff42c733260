"""The sides of `benchmarks.train`: each is a process of its own that makes one optimizer step when told to."""
