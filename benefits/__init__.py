"""The library of the benefits dataset: all that its verbs and its site do."""
