"""The demo's surroundings: a mailbox, a sandbox chart, seed data and the drive through it. Never in production."""
