"""Rosters: branches and members as the organisation keeps them in spreadsheets."""
