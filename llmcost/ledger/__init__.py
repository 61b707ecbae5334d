"""One row per request, priced once and for all; every SQL statement of llmcost lives on this floor."""
