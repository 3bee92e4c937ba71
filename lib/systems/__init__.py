"""Systems: experiments on corpora, and one package of declarations for each paper."""
