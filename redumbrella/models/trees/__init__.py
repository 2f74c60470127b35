"""Scoring and explaining forests of trees."""
