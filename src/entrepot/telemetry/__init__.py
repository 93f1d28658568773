"""What a server tells of itself: metrics of all its processes, and traces."""
