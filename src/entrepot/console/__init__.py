"""The console's built files, as they are served; their source is console/ at the top of the repository."""
