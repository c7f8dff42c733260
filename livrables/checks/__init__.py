"""What `causette livrables verify` looks at, one kind of thing per file.

Each gives `Check`s: what was looked at, and whether it holds, does not, or could not be told. A team's folder is data from
elsewhere: nothing of it is run, no path is followed out of it, no file is read whole that is too large for it.
"""
