"""The type checker that annotations of `lib` are checked with in tests; an int passes as float."""

from beartype import BeartypeConf, beartype

strict = beartype(conf=BeartypeConf(is_pep484_tower=True))
