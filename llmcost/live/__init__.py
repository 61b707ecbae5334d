"""Front doors for programs: budgets checked and reserved as requests happen."""
