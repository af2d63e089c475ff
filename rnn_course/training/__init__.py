"""Real training: runs that are resumed, logged, recorded, and done by several processes. The loop itself is `train`."""
