"""The systems as a few declarative pages: at each scale, what is built, what trains, and what to expect."""
