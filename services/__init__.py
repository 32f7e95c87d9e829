"""One function per thing a user asks for; every door calls the same ones."""
