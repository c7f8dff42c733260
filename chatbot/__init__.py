"""The lowest floor: dialogues, templates, tokens, models, generation, conversation. Importing it costs nothing."""
