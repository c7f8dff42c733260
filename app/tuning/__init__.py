"""Fine-tuning from the page: a reader's file examined, and trained on in a process of its own."""
