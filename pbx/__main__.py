"""`python -m pbx`: the pbx commands alone."""

import sys

from pbx.command import main

sys.exit(main())
