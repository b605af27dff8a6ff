"""Where people are: the channels that carry a conversation besides our own page."""
