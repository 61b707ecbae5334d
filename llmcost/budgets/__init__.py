"""Spending limits: what budgets.yaml says, and how the ledger stands against it."""
