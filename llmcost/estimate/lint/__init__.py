"""What in a prompt costs tokens without meaning anything: lossless, and provable. The rules: docs/lint.md."""
