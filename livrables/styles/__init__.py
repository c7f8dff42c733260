"""How the pages look: Typst's in page.typ, Word's in word.py."""
