"""Carries out exports and plans. Sees Graph and the working folder only through the Protocols in `ports`."""
