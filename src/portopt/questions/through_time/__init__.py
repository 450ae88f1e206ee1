"""What the questions about histories share: how they are posed, their steps, how they are kept, and their pieces."""
