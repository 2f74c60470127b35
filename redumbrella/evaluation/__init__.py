"""Is it true: metrics, comparisons, stability, verdict."""
