"""What a solver is given: the program presolved, in sizes of one, with the columns and rows that help."""
