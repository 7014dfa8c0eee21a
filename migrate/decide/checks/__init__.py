"""The checks of `doctor`: pure functions over a record of facts, one file each. Nothing unread passes."""
