"""The parts of the test cluster, one idea a file. The commands beside this folder put them together."""
