"""What a command does, on any carrier: take in, count, publish."""
