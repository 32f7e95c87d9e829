"""Trade credit: who owes whom how much by when, under which terms, and what terms cost."""
