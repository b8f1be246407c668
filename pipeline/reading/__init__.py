"""What a line of a log says: bytes to text, text to fields, fields to a search or a reason."""
