"""What the command line can be asked, a file for each group of questions. Heavy imports happen inside the functions."""
