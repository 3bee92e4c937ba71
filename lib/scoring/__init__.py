"""Scores with their signatures and intervals, the trivial baselines, and the verdicts on claims."""
