"""The reasoning layer around a model: categorise → conversation → entities → approach → consistency, on a `Domain`."""
