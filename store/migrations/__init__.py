"""The way of the database's tables from form to form."""
