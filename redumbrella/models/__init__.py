"""What we believe: families that turn features into calibrated probabilities."""
