"""The languages of zero-resource translation below `full`."""

TARGET = "eng"  # of all translations
# some related, some not: Germanic, Romance, Uralic, Austronesian
LANGUAGES = tuple("eng deu nld fra spa ita por cat est ind".split())
