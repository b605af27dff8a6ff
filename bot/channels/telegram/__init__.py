"""Telegram: updates are read, kept and answered here, by long polling or by webhook. Assembled by .start."""
