"""What prompts will cost before they are sent."""
