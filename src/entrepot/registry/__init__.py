"""Use cases of repositories, images, layers and uploads; they own the transactions."""
