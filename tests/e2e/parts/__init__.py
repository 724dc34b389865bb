"""What the suites that run against the real cluster share."""
