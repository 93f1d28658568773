"""The service of our own: sessions of the console, revocation, accounts, and the reasons of decisions."""
