"""What the page shows of a run and of its data: from the run folder and the prepared set to the values of `app.page`."""
