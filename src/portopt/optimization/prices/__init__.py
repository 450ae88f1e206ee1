"""What a limit costs and how an answer moves: shadow prices, derivatives, steps of a limit."""
