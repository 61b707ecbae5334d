"""Values every floor shares: money, usage, time, errors. Standard library only."""
