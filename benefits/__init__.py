"""The library of the benefits dataset: all code of its verbs and its site."""
