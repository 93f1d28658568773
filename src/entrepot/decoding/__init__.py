"""Reading what others packed, in a process that can do nothing else."""
