"""Sign-ins of the past under the policies of the future. Pure."""
