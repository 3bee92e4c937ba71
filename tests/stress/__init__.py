"""What must hold many times over: headless runs that end, and kills that change no result.

`python -m tests.stress headless 1000` and `python -m tests.stress kills 50` do all of it,
`make test` a part.
"""
