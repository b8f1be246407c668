"""What the jobs are made of; this package travels to the cluster."""
