"""Everything that knows HTTP, the Graph SDK or retrying. No other package may import any of the three."""
