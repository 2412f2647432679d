"""Speed, as ratios within one run. One file a question; ``python -m benchmarks.run`` asks them all."""
