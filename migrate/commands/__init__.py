"""One verb per file: parse, wire, call, view, exit code. No decisions are taken here."""
