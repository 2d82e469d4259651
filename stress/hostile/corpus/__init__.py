"""The corpus: each kind is an endless generator of cases."""
