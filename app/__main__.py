"""``python -m app`` is ``causette``."""

import sys

from app.main import main

sys.exit(main())
