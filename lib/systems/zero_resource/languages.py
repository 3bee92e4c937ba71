"""The languages of zero-resource translation below `full`, and the corpora of its paper."""

TARGET = "eng"  # of all translations
# some related, some not: Germanic, Romance, Uralic, Austronesian
LANGUAGES = tuple("eng deu nld fra spa ita por cat est ind".split())
# the six of the paper: the first two have translations into English; which languages and hours it
# took of them is not known here
PAPER_CORPORA = ("covost2", "europarl_st", "common_voice", "voxpopuli", "fleurs", "mls")
