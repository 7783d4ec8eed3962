"""Rules of the story as functions of values: the standard library only."""
