"""What a person uses beside Spark; needs no JVM."""
