"""Who does the work of a step: this process, or Spark."""
