"""Measuring: labelled question sets (never trained on), the evaluation, and the fitting of the few weights."""
