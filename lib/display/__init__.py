"""What a reader sees and hears: every view is static HTML first, a table second, and a live widget where a kernel is."""
