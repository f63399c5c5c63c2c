"""What helps where tasks or rows are few."""
