"""The score book: every judgement is one kind of score with one contract."""
