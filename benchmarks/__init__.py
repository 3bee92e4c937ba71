"""Side-by-side measurements against peers: `python -m benchmarks [NAME ...] [--repeats N]`.

Both sides run alternately on one machine, each measurement in a fresh process. A ratio is ours over
theirs of two neighbouring measurements: above 1 we are faster where the unit is a rate.
"""
