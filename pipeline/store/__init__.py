"""What lies under a root: datasets, ledger, state and journal; and the file systems it lies on."""
