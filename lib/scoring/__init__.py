"""Scoring: metrics with intervals and signatures, comparisons, studies, baselines and claims."""
