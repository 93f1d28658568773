"""The running server: its processes, its port, and what each request meets first."""
