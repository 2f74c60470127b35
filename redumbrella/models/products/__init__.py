"""One model per product, learned together."""
