"""Which model a request should go to: the cheapest that meets the constraints."""
