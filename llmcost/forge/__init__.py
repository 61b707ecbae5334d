"""GitHub and GitLab: the comments on one pull request, over their REST interfaces (docs/ci.md)."""
