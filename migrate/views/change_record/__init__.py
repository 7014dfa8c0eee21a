"""The change record as text: what the fields say, in the language of whoever reads them."""
