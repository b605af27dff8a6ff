"""Speed and memory, measured in one run against named baselines; docs/bench.md keeps the numbers."""
