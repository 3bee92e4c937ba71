"""Damage to a file, as a bad disk or an interrupted copy leaves it."""


def change_a_bit(path, at=None):
    """Change a bit of the byte at a position, in the middle if none is given."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= 1
    path.write_bytes(data)


def truncate(path):
    """Remove the last bytes."""
    path.write_bytes(path.read_bytes()[:-2])
