"""The programs of others: every subprocess is started here."""
