"""What the use cases ask of the outside world, one protocol a need."""
