"""API or own GPUs: pure functions from a month's traffic, prices and throughput to costs and crossings.

Everything is exact: token volumes, prices and costs are integers or fractions, rounded once where shown.
"""
