"""One file per verb: ingest, train, score, run, and the typed read models."""
