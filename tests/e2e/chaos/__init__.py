"""Faults on the real cluster while steps run: `run` is the suite, `cases.py` says beforehand how each step ends."""
