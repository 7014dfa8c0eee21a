"""What the sign-in log says about people and policies. Pure: rows come as values, kinds and counts go out."""
