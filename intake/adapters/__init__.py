"""What the form engine borrows from other libraries, behind the engine's own protocols."""
