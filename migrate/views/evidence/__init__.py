"""What the evidence folder says to people: the answer in words, the method, the README, and what a check found."""
