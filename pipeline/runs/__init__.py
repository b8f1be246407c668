"""What a command does: take in, count, publish, and look after what is kept."""
