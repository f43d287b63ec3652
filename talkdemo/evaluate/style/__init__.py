"""Evaluation of style following."""
