"""Powers, logarithms and exponentials, by quadratic programs."""
