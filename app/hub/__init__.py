"""To and from the Hugging Face Hub: what is sent (parcels, cards), how (sending), and what comes back (pull)."""
