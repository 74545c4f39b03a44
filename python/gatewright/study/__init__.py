"""Studies: a design trained and built in several forms, and what each of them measured."""
