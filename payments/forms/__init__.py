"""What people fill in: forms parse, in kind words, and decide nothing about money."""
