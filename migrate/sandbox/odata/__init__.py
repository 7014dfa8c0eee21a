"""The OData query options that the sandbox understands."""
