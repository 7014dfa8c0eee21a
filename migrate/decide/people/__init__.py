"""Who is at risk, from the registration report and the sign-in log. Pure; the words are made in views."""
