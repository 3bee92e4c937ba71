"""The checker that every annotation of `lib` is held to while tests run: an int is good where a float is asked for."""

from beartype import BeartypeConf, beartype

strict = beartype(conf=BeartypeConf(is_pep484_tower=True))
