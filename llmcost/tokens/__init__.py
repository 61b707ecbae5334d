"""Token counts before a request is sent: exact where the tokenizer is public, else a labelled estimate."""
