"""Writes docs/compatibility.md from what is registered: `python -m entrepot.services.compatibility`.

The tables of operations come from the services themselves, the prose about deviations from
`deviations.md` beside this file.
"""
