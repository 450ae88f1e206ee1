"""What is held, to the unit and the cent: orders, fills, corporate actions, interest."""
