"""Everything that prints or draws. Data goes to stdout, talk to stderr."""
