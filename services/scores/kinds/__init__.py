"""The kinds of scores: every module here with a `KIND` is one; a new file is a new kind."""
