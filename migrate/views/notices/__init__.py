"""Messages for people: users of a wave, users who were enabled, the help desk, the security team. Never sent."""
