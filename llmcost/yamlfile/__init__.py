"""Untrusted YAML with line numbers: a tree of literal text, and typed, strict access to its mappings."""
