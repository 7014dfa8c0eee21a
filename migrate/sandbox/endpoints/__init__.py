"""The modelled calls, a file for each part of Graph."""
