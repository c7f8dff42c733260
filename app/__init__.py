"""The top floor: the command line, the page, the Hub."""
