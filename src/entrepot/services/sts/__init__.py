"""AWS Security Token Service (API version 2011-06-15), the part that clients of a registry call."""
