"""What bounds the server: how few people are nobody's business, and how much one may ask for."""

from typing import Final

#: What fewer different people typed is not shown, whatever the results hold.
MIN_SEARCHERS: Final = 5

#: Characters of a query.
MAX_QUERY: Final = 200
#: Rows of an answer.
MAX_ROWS: Final = 100
#: Searches of a sitting, and of a person's history, that a question may bring; bytes of all of it.
MAX_SESSION: Final = 50
MAX_HISTORY: Final = 200
MAX_BODY: Final = 65_536
#: Bytes of all parameters of a request: a query of 200 characters is 1,800 at most.
MAX_PARAMETERS: Final = 4_096
