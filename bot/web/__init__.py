"""The public pages: the front page with its chat, and each policy as a readable page."""
