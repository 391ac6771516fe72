"""Tables, migrations, transactions and the change log, on SQLite and PostgreSQL. The only room that speaks SQL."""
