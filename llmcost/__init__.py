"""llmcost: FinOps for LLM spend, over one exact ledger."""

__version__ = "0.1.0"
