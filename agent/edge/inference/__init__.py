"""A model folder to two callables, on whatever computes rightly here."""
