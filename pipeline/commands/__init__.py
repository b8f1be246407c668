"""The commands: what each is asked, what it does, and what it says."""
