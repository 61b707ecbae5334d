"""What a change of a repository does to the cost of its prompts: from git's two sides to dollars a month."""
