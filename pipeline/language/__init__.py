"""What a text is: queries normalised and compared, Hangul as it is typed. No file, no Spark."""
