"""What a Space of the Hub receives: its app.py, filled in by `app.hub.space_parcel`."""
