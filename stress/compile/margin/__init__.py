"""Numbers of each margin method, one a file, under the name of its kernel, and terms of brokers."""
